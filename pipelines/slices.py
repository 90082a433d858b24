"""Which slices of a raw table a load changed: days of a dated report, or days that the rows of another count for."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from pipelines.connector import Plan, Table
from pipelines.sql import named

FRESH = "table_name varchar, account_id varchar, date_day date, rows bigint, content_hash varchar"
READ = "table_name varchar, account_id varchar, first_day date, last_day date"  # no days: all that there is


def record(connection: duckdb.DuckDBPyConnection, source: str, tables: Mapping[str, Table], plan: Plan) -> None:
    """Rows and hash of every slice that was read, and a line for each that is not what it was.

    The slices of a dated report are its asked days, also where the vendor had nothing: zero rows is an answer. Those of
    any other table, or of a report whose days are not those that its rows count for, are the days that they count for.
    """
    _begin(connection)
    for name, table in tables.items():
        if plan.of(name):
            _read(connection, source, name, table, plan)
    connection.execute("create or replace temp table fresh as from (select distinct * from fresh)")  # days asked twice
    _replace(connection, source, plan.as_of)


def recount(
    connection: duckdb.DuckDBPyConnection, source: str, tables: Mapping[str, Table], zone: ZoneInfo, at: datetime
) -> None:
    """The slices that hold rows of several accounts, as the rows are now, and a line for each that is not what it was.

    Those of one account alone stay.
    """
    _begin(connection)
    for name, table in tables.items():
        if _is_shared(table):
            _read_whole(connection, source, name, table, zone)
    _replace(connection, source, at)


def _begin(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"create or replace temp table fresh ({FRESH})")
    connection.execute(f"create or replace temp table read ({READ})")


def _replace(connection: duckdb.DuckDBPyConnection, source: str, at: datetime) -> None:
    """What was read, in place of what was known of the same slices."""
    known = """
        select slices.* from raw_parcours.slices join read using (table_name, account_id)
        where source = $source and (first_day is null or date_day between first_day and last_day)
    """
    connection.execute(
        f"""
        insert into raw_parcours.slice_changes
        select
            $source, coalesce(fresh.table_name, known.table_name), coalesce(fresh.account_id, known.account_id),
            coalesce(fresh.date_day, known.date_day), $as_of, known.rows, coalesce(fresh.rows, 0)
        from fresh full join ({known}) as known
            on fresh.table_name = known.table_name and fresh.account_id = known.account_id
            and fresh.date_day is not distinct from known.date_day
        where fresh.content_hash is distinct from known.content_hash
        """,
        {"source": source, "as_of": at},
    )
    connection.execute(
        """
        delete from raw_parcours.slices using read
        where source = ? and slices.table_name = read.table_name and slices.account_id = read.account_id
            and (first_day is null or date_day between first_day and last_day)
        """,
        [source],
    )
    connection.execute(
        "insert into raw_parcours.slices select ?, table_name, account_id, date_day, ?, rows, content_hash from fresh",
        [source, at],
    )


def _read(connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, plan: Plan) -> None:
    """The slices of one table as they are now, and which of them were read."""
    if _is_shared(table):
        _read_whole(connection, source, name, table, plan.zone)
        return
    found = _counted(source, name, table)
    account, day = (f'"{column}"' for column in table.slice_by)
    for pull in plan.of(name):
        if (name, pull.account_id) not in plan.failures:
            connection.execute(
                f"""
                with days as (
                    select cast(unnest(generate_series($first::date, $last::date, interval 1 day)) as date) as date_day
                ),
                found as (
                    select {day} as date_day, {found}
                    where {account} = $account and {day} between $first and $last group by 1
                )
                insert into fresh
                select '{name}', $account, date_day, coalesce(rows, 0), coalesce(content_hash, '')
                from days left join found using (date_day)
                """,
                {"account": pull.account_id, "first": pull.first_day, "last": pull.last_day},
            )
            connection.execute(
                "insert into read values (?, ?, ?, ?)", [name, pull.account_id, pull.first_day, pull.last_day]
            )


def _is_shared(table: Table) -> bool:
    """Its slices are not kept by account."""
    return bool(table.dated_by) or not table.is_dated


def _read_whole(connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, zone: ZoneInfo) -> None:
    found = _counted(source, name, table)
    connection.execute(f"insert into fresh select '{name}', '', {day_of(table, zone)} as date_day, {found} group by 3")
    connection.execute("insert into read values (?, '', null, null)", [name])


def _counted(source: str, name: str, table: Table) -> str:
    hashed = content_hash(table.columns.names)
    return f"count(*) as rows, cast({hashed} as varchar) as content_hash from raw_{source}.{name}"


def restate(connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, zone: ZoneInfo) -> None:
    """Take a table's rows for those that were last read: what we changed in them ourselves is no change of its days.

    For tables whose slices are the days that their rows count for.
    """
    connection.execute(
        f"""
        update raw_parcours.slices set content_hash = now.content_hash
        from (
            select {day_of(table, zone)} as date_day, {_counted(source, name, table)} group by 1
        ) as now
        where slices.source = ? and slices.table_name = ? and slices.date_day is not distinct from now.date_day
        """,
        [source, name],
    )


def content_hash(columns: Iterable[str]) -> str:
    """What tells the rows of a slice from others whatever their order, as SQL; none is there twice.

    A row is hashed twice over: DuckDB's hash of several values combines theirs bit by bit, so that two rows which
    exchange a value would else look as before once they are summed up.
    """
    return f"sum(hash(hash({named(columns)})))"


def day_of(table: Table, zone: ZoneInfo) -> str:
    """The business day that a row counts for, as SQL; null where the table has none."""
    if table.kind == "snapshots":
        return '"captured_on"'
    if not table.dated_by:
        return "null::date"
    days = []
    for column in table.dated_by:
        kind = table.columns.field(column).type
        day = f"cast(timezone('{zone.key}', {instant(table, column)}) as date)"
        if pa.types.is_string(kind):
            day = f'case when length("{column}") = 10 then coalesce(try_cast("{column}" as date), {day}) else {day} end'
        days.append(f'"{column}"' if pa.types.is_date(kind) else day)
    return f"coalesce({', '.join(days)})"


def instant(table: Table, column: str) -> str:
    """A column's instant, as SQL; vendors write ISO 8601 (UTC where it has no zone) or seconds since 1970."""
    kind = table.columns.field(column).type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return f'cast("{column}" as timestamptz)'
    seconds = f'to_timestamp(try_cast("{column}" as double))'
    if not pa.types.is_string(kind):
        return seconds
    # a zone without a colon, as Facebook writes it, is none to DuckDB
    text = f"regexp_replace(\"{column}\", '([+-]\\d\\d)(\\d\\d)$', '\\1:\\2')"
    return f"case when \"{column}\" like '____-__-__%' then try_cast({text} as timestamptz) else {seconds} end"
