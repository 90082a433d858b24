"""Persons who are forgotten: under which marks they are known, and what stands in place of them (decision 21).

A mark is what a row knows a person by: the keyed hash of an address, or a contact's id at an e-mail tool, which is
written `source:id`. The warehouse keeps a digest of each mark and the instant, never the mark itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.connector import Connector, Table
from pipelines.identity import keyed_hash
from pipelines.slices import instant
from pipelines.sql import literal, seen_as

TABLE = "create table if not exists raw_parcours.forgotten (digest varchar, forgotten_at timestamptz);"
Tombstones = Mapping[str, list[datetime]]  # digest of a mark → the instants at which it was forgotten, in order


def digest(mark: str) -> str:
    """What a tombstone keeps of a mark: it recognises the mark when a vendor shows it again, and does not tell it."""
    return keyed_hash(f"forgotten: {mark}")


def token(mark: str, forgotten_at: datetime) -> str:
    """What stands in place of a mark in rows up to an instant, the same whenever they are read."""
    return keyed_hash(f"nobody since {forgotten_at.timestamp():.6f}: {mark}")


def columns_of(table: Table) -> list[str]:
    """The columns that say whose a row is: keyed hashes, and a contact's id at its tool."""
    hashed = {*table.emails, *table.hashes, "person_id"}
    return [
        column.name
        for column in table.columns
        if column.name in table.contact
        or (pa.types.is_string(column.type) and (column.name in hashed or column.name.endswith("_key")))
    ]


def tombstones(connection: duckdb.DuckDBPyConnection) -> Tombstones:
    """Whom the warehouse has forgotten, and when."""
    found = defaultdict(list)
    for known, at in connection.execute("from raw_parcours.forgotten order by forgotten_at").fetchall():
        found[known].append(at)
    return found


def without(
    connection: duckdb.DuckDBPyConnection, source: str, table: Table, batch: pa.Table, known: Tombstones
) -> pa.Table:
    """A vendor's rows as they may be written: those of forgotten persons, up to the instant, are nobody's.

    A row is of the instant that it counts for. What came later counts anew. Of a contact who is forgotten every address
    is hidden, also one that it has had since.
    """
    columns = columns_of(table)
    if not (known and columns and len(batch)):
        return batch
    values = {name: batch.column(name).to_pylist() for name in columns}
    marks = {name: [_mark(source, table, name, value) for value in values[name]] for name in columns}
    digests = {mark: digest(mark) for column in marks.values() for mark in column if mark}
    if known.keys().isdisjoint(digests.values()):
        return batch
    for number, at in enumerate(_instants(connection, table, batch)):
        ends = {name: _end(known.get(digests.get(marks[name][number], ""), []), at) for name in columns}
        of_contact = next((ends[name] for name in columns if table.contact and ends[name]), None)
        for name in columns:
            if marks[name][number] and (end := ends[name] or of_contact):
                values[name][number] = _hidden(table, name, marks[name][number], end)
    for name in columns:
        column = batch.schema.field(name)
        batch = batch.set_column(batch.schema.get_field_index(name), column, pa.array(values[name], column.type))
    return batch


def marks_of(connection: duckdb.DuckDBPyConnection, key: str, connectors: Collection[Connector]) -> set[str]:
    """Every mark of the person behind an address: all that contacts tie to it, over all tools (decision 13)."""
    marks: set[str] = set()
    new = {key}
    while new:
        marks |= new
        found: set[str] = set()
        for source, name, table in _tables(connection, connectors):
            columns = columns_of(table)
            if not (table.contact and len(columns) > 1):
                continue
            listed = ", ".join(f'"{column}"' for column in columns)
            which = _which(source, table, marks)
            for row in connection.execute(
                f"select distinct {listed} from raw_{source}.{name} where {which}"
            ).fetchall():
                found |= {_mark(source, table, column, value) for column, value in zip(columns, row, strict=True)}
        new = found - marks - {""}
    return marks


def count(
    connection: duckdb.DuckDBPyConnection, marks: Collection[str], connectors: Collection[Connector]
) -> dict[str, int]:
    """Table → rows that are known by any of the marks."""
    counts = {}
    for source, name, table in _tables(connection, connectors):
        stored = f"raw_{source}.{name}"
        found = connection.execute(f"select count(*) from {stored} where {_which(source, table, marks)}").fetchone()
        if found and found[0]:
            counts[f"{source}.{name}"] = int(found[0])
    return counts


def hide(
    connection: duckdb.DuckDBPyConnection, marks: Collection[str], at: datetime, connectors: Collection[Connector]
) -> None:
    """Every stored row of the marks becomes nobody's."""
    for source, name, table in _tables(connection, connectors):
        for column in columns_of(table):
            values = _values(source, table, column, marks)
            told = [_hidden(table, column, _mark(source, table, column, value), at) for value in values]
            if values:
                kind = "bigint" if pa.types.is_integer(table.columns.field(column).type) else "varchar"
                connection.execute(
                    f'update raw_{source}.{name} set "{column}" = cast(map.told as {kind}) from '
                    "(select unnest($values::varchar[]) as value, unnest($told::varchar[]) as told) as map "
                    f'where cast("{column}" as varchar) = map.value',
                    {"values": values, "told": [str(one) for one in told]},
                )


def _tables(
    connection: duckdb.DuckDBPyConnection, connectors: Collection[Connector]
) -> Iterator[tuple[str, str, Table]]:
    """Those that the warehouse has of the tables that know persons, with all such columns."""
    stored = connection.execute(
        "select schema_name, table_name, list(column_name) from duckdb_columns() "
        "where database_name = current_database() group by all"
    ).fetchall()
    known = {(schema, name): set(columns) for schema, name, columns in stored}
    for connector in connectors:
        for name, table in connector.tables.items():
            columns = columns_of(table)
            if columns and set(columns) <= known.get((f"raw_{connector.name}", name), set()):
                yield connector.name, name, table


def _mark(source: str, table: Table, column: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    return f"{source}:{value}" if column in table.contact else str(value)


def _values(source: str, table: Table, column: str, marks: Collection[str]) -> list[str]:
    """The values of a column that are among the marks."""
    if column in table.contact:
        return sorted(mark.removeprefix(f"{source}:") for mark in marks if mark.startswith(f"{source}:"))
    return sorted(mark for mark in marks if ":" not in mark)


def _which(source: str, table: Table, marks: Collection[str]) -> str:
    """A condition on the rows of the marks, as SQL."""
    said = [
        f'cast("{column}" as varchar) in ({", ".join(map(literal, values))})'
        for column in columns_of(table)
        if (values := _values(source, table, column, marks))
    ]
    return " or ".join(said) or "false"


def _hidden(table: Table, column: str, mark: str, at: datetime) -> Any:
    """The token of a mark as the column holds it; a number below zero is no vendor's."""
    told = token(mark, at)
    return -int(told[:15], 16) if pa.types.is_integer(table.columns.field(column).type) else told


def _end(forgotten: list[datetime], at: datetime | None) -> datetime | None:
    """The first of the instants at which what happened was forgotten; what has no instant is as old as can be."""
    return next((one for one in forgotten if at is None or at <= one), None)


def _instants(connection: duckdb.DuckDBPyConnection, table: Table, batch: pa.Table) -> list[datetime | None]:
    """The instant that each row counts for."""
    if not table.dated_by:
        return [None] * len(batch)
    told = ", ".join(instant(table, column) for column in table.dated_by)
    with connection.cursor() as cursor, seen_as(cursor, batch=batch.append_column("#", pa.array(range(len(batch))))):
        cursor.execute("set timezone = 'UTC'")
        return [at for (at,) in cursor.execute(f'select coalesce({told}) from batch order by "#"').fetchall()]
