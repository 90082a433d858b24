"""A file's texts to the fields of an entity: casts, filters, and the rows that are refused, in one pass of SQL."""

from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.connector import ConnectorError
from pipelines.identity import email_key
from pipelines.sources.files import casts as sql
from pipelines.sources.files.entities import ENTITIES, Field, columns
from pipelines.sources.files.reading import Reject, Sheet
from pipelines.sources.files.settings import Feed
from pipelines.sources.files.times import literal

ADDRESS = r"^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$"
SQL_TYPES = {
    "amount": sql.AMOUNT,
    "flag": "boolean",
    "time": "timestamptz",
    "day": "date",
}


@dataclass(frozen=True)
class Mapped:
    """A file's rows as the entity's table has them, its refused rows, and how many rows each filter left out."""

    rows: pa.Table
    rejects: list[Reject]
    left_out: dict[str, int]


def mapped(sheet: Sheet, feed: Feed, zone: str, file_id: str, feed_name: str) -> Mapped:
    """Apply a feed's mapping to one file; `zone` is where times without an offset are meant."""
    check_columns(sheet, feed)
    sheet = _with_absent(sheet, feed)
    with duckdb.connect(":memory:") as connection:
        # In memory only: nothing of a file spills to disk, and a filter reads nothing but its file.
        connection.execute("set temp_directory = ''; set enable_external_access = false")
        connection.execute(f"set timezone = {literal(zone)}")
        connection.register("sheet", _with_keys(sheet, feed))
        _filter(connection, sheet, feed)
        try:
            _cast(connection, sheet, feed)
        except duckdb.Error as error:
            raise ConnectorError(f"does not fit its mapping ({type(error).__name__}).") from None
        rejects = sorted(sheet.rejects + _rejects(connection, feed), key=lambda reject: reject.row_number)
        rows = _rows(connection, feed, file_id, feed_name)
    counted = rows.group_by("filtered_by").aggregate([([], "count_all")]).to_pylist()
    counts = {found["filtered_by"]: found["count_all"] for found in counted}
    left_out = {name: counts[name] for name in feed.filters if name in counts}
    return Mapped(_without_addresses(rows, feed), rejects, left_out)


def check_columns(sheet: Sheet, feed: Feed) -> None:
    """Refuse a file that lacks a mapped column, or has it twice."""
    needed = [name for name in feed.columns if not sheet.may_lack or name in ENTITIES[feed.entity].required]
    wanted = {name: feed.columns[name].column for name in needed}
    absent = [f"{column!r} (for {name})" for name, column in wanted.items() if column not in sheet.names]
    if absent and not (sheet.may_lack and not sheet.names):
        has = ", ".join(repr(name) for name in sheet.names)
        raise ConnectorError(f"has no column {', '.join(absent)}; its columns are: {has}.")
    twice = sorted({at.column for at in feed.columns.values() if sheet.names.count(at.column) > 1})
    if twice:
        raise ConnectorError(f"has the column {twice[0]!r} more than once: rename one of them.")


def _with_absent(sheet: Sheet, feed: Feed) -> Sheet:
    """The sheet with the mapped columns that no row of it has, as empty ones."""
    absent = sorted({at.column for at in feed.columns.values()} - set(sheet.names))
    table = sheet.table
    for index, _ in enumerate(absent, start=len(sheet.names)):
        table = table.append_column(str(index), pa.nulls(table.num_rows, pa.string()))
    return replace(sheet, names=sheet.names + absent, table=table)


def _field_names(feed: Feed) -> list[str]:
    """The mapped fields, in the entity's order."""
    return [name for name in ENTITIES[feed.entity].fields if name in feed.columns or name in feed.constants]


def _time_format(name: str, feed: Feed) -> str | list[str]:
    column = feed.columns.get(name)
    return (column.time_format if column else "") or feed.time_format


# --- the file's own columns ------------------------------------------------------------------------------------------


def _with_keys(sheet: Sheet, feed: Feed) -> pa.Table:
    """The sheet, and for each field that is an address its keyed hash, so that no address goes beyond a filter."""
    table = sheet.table
    for name in ENTITIES[feed.entity].addresses:
        if name in feed.columns:
            column = table[str(sheet.names.index(feed.columns[name].column))]
            table = table.append_column(f"{name} key", _keys(column))
    return table


def _keys(column: Any) -> Any:
    """Each address hashed once; what is no address becomes '', what is empty stays null."""
    distinct = pc.unique(column)
    keys = [email_key(text) if text and text.strip() else None for text in distinct.to_pylist()]
    return pa.array(keys, pa.string()).take(pc.index_in(column, distinct))


def _filter(connection: duckdb.DuckDBPyConnection, sheet: Sheet, feed: Feed) -> None:
    """`sifted`: for each row the name of the first filter that leaves it out, '' if none does."""
    connection.execute(f"create macro number(cell) as {sql.number('cell', feed)}")
    connection.execute(f"create macro moment(cell) as {sql.moment('cell', feed.time_format)}")
    named: dict[str, str] = {}
    for index, name in enumerate(sheet.names):
        if name:
            cell = sql.trimmed(sql.quoted(str(index)), feed)
            named.setdefault(name.lower(), f"{cell} as {sql.quoted(name)}")
    shown = ", ".join(['row_number as "row number"', *named.values()])
    cases = []
    for name, expression in feed.filters.items():
        kept = f"try(({expression}\n)::boolean)"
        try:
            connection.execute(f"select {kept} from (select {shown} from sheet) limit 0")
        except duckdb.Error as error:
            raise ConnectorError(_misfit(name, str(error), sheet)) from None
        cases.append(f"when {kept} is not true then {literal(name)}")
    filtered_by = f"case {' '.join(cases)} else '' end" if cases else "''"
    connection.execute(
        f'create temp table sifted as select "row number" as row_number, {filtered_by} as filtered_by '
        f"from (select {shown} from sheet)"
    )


def _misfit(name: str, said: str, sheet: Sheet) -> str:
    return (
        f"does not fit the filter {name!r}: {said.splitlines()[0]}. Every cell is a text: write number(price) > 0, "
        f"or moment(date) >= '2025-01-01'. The columns are: {', '.join(repr(column) for column in sheet.names)}."
    )


# --- casts -----------------------------------------------------------------------------------------------------------


def _cast(connection: duckdb.DuckDBPyConnection, sheet: Sheet, feed: Feed) -> None:
    """`typed`: every mapped field's text, and its value, which is null where the text does not fit."""
    fields = ENTITIES[feed.entity].fields
    texts, values = [], []
    for name in _field_names(feed):
        column = feed.columns.get(name)
        is_native = column is None or sheet.names.index(column.column) in sheet.native
        text = sql.quoted(f"{name} text")
        texts.append(f"{_text(name, fields[name], sheet, feed)} as {text}")
        value = sql.value(fields[name], text, feed, _time_format(name, feed), is_native)
        values.append(f"{value} as {sql.quoted(name)}")
    inner = f"select row_number, {', '.join(texts)} from sheet"
    connection.execute(f"create temp table typed as select *, {', '.join(values)} from ({inner})")


def _text(name: str, field: Field, sheet: Sheet, feed: Feed) -> str:
    column = feed.columns.get(name)
    if field.holds == "address":
        key = sql.quoted(f"{name} key") if column else literal(email_key(feed.constants[name]))
        return key if field.required else f"coalesce({key}, '')"
    if column is None:
        return literal(feed.constants[name])
    return sql.text(sql.quoted(str(sheet.names.index(column.column))), column, feed)


def _faults(feed: Feed) -> dict[str, str]:
    """For each field that can be at fault, the condition under which it is."""
    entity = ENTITIES[feed.entity]
    faults = {}
    for name in _field_names(feed):
        text, value = sql.quoted(f"{name} text"), sql.quoted(name)
        faults[name] = f"{text} is null" if entity.fields[name].required else "false"
        faults[name] += f" or ({text} is not null and {value} is null)"
    one_of = [name for name in entity.one_of if name in faults]
    if one_of:
        all_empty = " and ".join(f"{sql.quoted(name + ' text')} is null" for name in one_of)
        faults[one_of[0]] += f" or ({all_empty})"
    return faults


def _rejects(connection: duckdb.DuckDBPyConnection, feed: Feed) -> list[Reject]:
    found = []
    for name, fault in _faults(feed).items():
        field = ENTITIES[feed.entity].fields[name]
        query = f"select row_number, {sql.quoted(name + ' text')} from typed where {fault}"
        for number, text in connection.execute(query).fetchall():
            found.append(Reject(number, name, sql.reason(field, text, feed, _time_format(name, feed))))
    return found


def _rows(connection: duckdb.DuckDBPyConnection, feed: Feed, file_id: str, feed_name: str) -> pa.Table:
    fields = ENTITIES[feed.entity].fields
    mapped_fields = _field_names(feed)
    selected = [f"{literal(file_id)} as file_id", f"{literal(feed_name)} as feed", "row_number", "filtered_by"]
    for name, field in fields.items():
        absent = "'product'" if field.holds == "line_kind" else "null"
        value = sql.quoted(name) if name in mapped_fields else absent
        selected.append(f"cast({value} as {SQL_TYPES.get(field.holds, 'varchar')}) as {sql.quoted(name)}")
    faulty = " or ".join(f"({fault})" for fault in _faults(feed).values())
    found = connection.execute(
        f"select {', '.join(selected)} from typed join sifted using (row_number) "
        f"where not ({faulty}) order by row_number"
    )
    return found.to_arrow_table().cast(columns(feed.entity))


def _without_addresses(rows: pa.Table, feed: Feed) -> pa.Table:
    """An address that stands in a field of another kind, such as a customer's id, is hashed there too."""
    for name, field in ENTITIES[feed.entity].fields.items():
        if field.holds not in ("id", "text"):
            continue
        cells: Any = rows[name]
        is_address = pc.fill_null(pc.match_substring_regex(cells, ADDRESS), False)
        if pc.any(is_address).as_py():
            hashed = pc.if_else(is_address, _keys(cells), cells)
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), hashed)
    return rows
