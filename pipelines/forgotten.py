"""Persons who are forgotten: under which marks they are known, and what stands in place of them (decision 21).

A mark is what a row knows a person by: the keyed hash of an address, or a contact's id at an e-mail tool, which is
written `source:id`. The warehouse keeps a digest of each mark and the instant, never the mark itself; and, on its own,
what stands in place of marks, so that nobody is taken for a person.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.connector import Connector, Table
from pipelines.connector import columns as declared
from pipelines.identity import keyed_hash
from pipelines.slices import instant
from pipelines.sql import named, seen_as

TABLES = """
create table if not exists raw_parcours.forgotten (digest varchar, forgotten_at timestamptz);
create table if not exists raw_parcours.nobodies (token varchar);
create table if not exists raw_parcours.uncleared (forgotten_at timestamptz);
"""
HIDDEN = declared("mark", "token", number=pa.int64())
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

    A row is of the instant that it counts for. What the person did later counts anew; a tool that goes on writing to
    somebody brings nobody back. Of a contact who is forgotten every address is hidden, also one that it has had since.
    """
    columns = columns_of(table)
    if not (known and columns and len(batch)):
        return batch
    values = {name: batch.column(name).to_pylist() for name in columns}
    marks = {name: [mark(source, table, name, value) for value in values[name]] for name in columns}
    digests = {one: digest(one) for column in marks.values() for one in column if one}
    if known.keys().isdisjoint(digests.values()):
        return batch
    for number, (at, acts) in enumerate(_instants(connection, table, batch)):
        ends = {name: _end(known.get(digests.get(marks[name][number], ""), []), at, acts) for name in columns}
        of_contact = next((ends[name] for name in columns if table.contact and ends[name]), None)
        for name in columns:
            if marks[name][number] and (end := ends[name] or of_contact):
                values[name][number] = _hidden(table, name, marks[name][number], end)
    for name in columns:
        column = batch.schema.field(name)
        batch = batch.set_column(batch.schema.get_field_index(name), column, pa.array(values[name], column.type))
    return batch


def marks_of(
    connection: duckdb.DuckDBPyConnection, keys: Collection[str], connectors: Collection[Connector]
) -> set[str]:
    """Every mark of the persons behind some: all that contacts tie to them, over all tools (decision 13)."""
    marks: set[str] = set()
    new = {*keys}
    while new:
        marks |= new
        found: set[str] = set()
        with seen_as(connection, marks=_listed(marks)):
            for source, name, table in person_tables(connection, connectors):
                columns = columns_of(table)
                if not (table.contact and len(columns) > 1):
                    continue
                rows = connection.execute(
                    f"select distinct {named(columns)} from raw_{source}.{name} where {_is_marked(source, table)}"
                ).fetchall()
                for row in rows:
                    found |= {mark(source, table, column, value) for column, value in zip(columns, row, strict=True)}
        new = found - marks - {""}
    return marks


def count(
    connection: duckdb.DuckDBPyConnection, marks: Collection[str], connectors: Collection[Connector]
) -> dict[str, int]:
    """Table → rows that are known by any of the marks."""
    counts = {}
    with seen_as(connection, marks=_listed(marks)):
        for source, name, table in person_tables(connection, connectors):
            stored = f"raw_{source}.{name}"
            found = connection.execute(f"select count(*) from {stored} where {_is_marked(source, table)}").fetchone()
            if found and found[0]:
                counts[f"{source}.{name}"] = int(found[0])
    return counts


def hide(
    connection: duckdb.DuckDBPyConnection, marks: Collection[str], at: datetime, connectors: Collection[Connector]
) -> list[tuple[str, str]]:
    """Every stored row of the marks becomes nobody's; gives (source, table) of those that had some."""
    told = {one: token(one, at) for one in marks}
    hidden = [{"mark": one, "token": text, "number": _number(text)} for one, text in told.items()]
    changed = []
    with seen_as(connection, hidden=pa.Table.from_pylist(hidden, schema=HIDDEN)):
        for source, name, table in person_tables(connection, connectors):
            rows = 0
            for column in columns_of(table):
                which = "number" if _is_number(table, column) else "token"
                updated = connection.execute(
                    f'update raw_{source}.{name} set "{column}" = hidden.{which} from hidden '
                    f"where {_as_mark(source, table, column)} = hidden.mark"
                ).fetchone()
                rows += updated[0] if updated else 0
            if rows:
                changed.append((source, name))
    return changed


def bury(connection: duckdb.DuckDBPyConnection, marks: Collection[str], at: datetime) -> None:
    """The tombstones of the marks; with what stands in their place on its own, in no order that ties the two."""
    with seen_as(
        connection, digests=_listed(map(digest, marks)), tokens=_listed(sorted(token(one, at) for one in marks))
    ):
        connection.execute("insert into raw_parcours.forgotten select mark, ? from digests order by mark", [at])
        connection.execute("insert into raw_parcours.nobodies select mark from tokens")
    # what was held back of them is judged anew, by the keys that its rows have now
    with seen_as(connection, marks=_listed(marks)):
        connection.execute(
            """
            delete from raw_parcours.held_back where row_key in (
                select row_key
                from (
                    select source, row_key, unnest(from_json(row_key, '["json"]')) ->> '$' as part
                    from raw_parcours.held_back
                )
                where part in (select mark from marks) or source || ':' || part in (select mark from marks)
            )
            """
        )


def nobodies(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """What stands in place of marks that are texts; a contact's number is below zero."""
    try:
        return {known for (known,) in connection.execute("from raw_parcours.nobodies").fetchall()}
    except duckdb.CatalogException:  # a warehouse that an older program has written, and this one only reads
        return set()


def person_tables(
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


def mark(source: str, table: Table, column: str, value: Any) -> str:
    """What a value knows a person by; '' where it knows nobody."""
    if value in (None, ""):
        return ""
    return f"{source}:{value}" if column in table.contact else str(value)


def _as_mark(source: str, table: Table, column: str) -> str:
    """The same as SQL."""
    return f"'{source}:' || cast(\"{column}\" as varchar)" if column in table.contact else f'"{column}"'


def _is_marked(source: str, table: Table) -> str:
    """A condition on the rows of `marks`, as SQL."""
    return " or ".join(f"{_as_mark(source, table, column)} in (select mark from marks)" for column in columns_of(table))


def _listed(marks: Iterable[str]) -> pa.Table:
    return pa.table({"mark": pa.array(marks, pa.string())})


def _hidden(table: Table, column: str, whose: str, at: datetime) -> Any:
    """The token of a mark as the column holds it."""
    told = token(whose, at)
    return _number(told) if _is_number(table, column) else told


def _is_number(table: Table, column: str) -> bool:
    return pa.types.is_integer(table.columns.field(column).type)


def _number(told: str) -> int:
    """A token among numbers; one below zero is no vendor's."""
    return -int(told[:15], 16)


def _end(forgotten: list[datetime], at: datetime | None, acts: bool) -> datetime | None:
    """The first of the instants at which what happened was forgotten.

    What has no instant is as old as can be. What the person did not do is nobody's for good: one instant must tell
    whose it is, whenever it is read and whatever the person has done since.
    """
    return next((one for one in forgotten if at is None or not acts or at <= one), None)


def _instants(
    connection: duckdb.DuckDBPyConnection, table: Table, batch: pa.Table
) -> list[tuple[datetime | None, bool]]:
    """The instant that each row counts for, and whether it is something that its person did."""
    told = ", ".join(instant(table, column) for column in table.dated_by)
    with connection.cursor() as cursor, seen_as(cursor, batch=batch.append_column("#", pa.array(range(len(batch))))):
        cursor.execute("set timezone = 'UTC'")
        at = f"coalesce({told})" if told else "cast(null as timestamptz)"
        return cursor.execute(f'select {at}, coalesce({table.acts}, false) from batch order by "#"').fetchall()
