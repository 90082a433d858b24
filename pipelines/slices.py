"""Which slices of a raw table a load changed: days of a dated report, or days that the rows of another count for."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from pipelines.connector import Plan, Table


def record(connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, plan: Plan) -> None:
    """Rows and hash of every slice that was read, and a line for each that is not what it was.

    The slices of a dated report are its asked days, also where the vendor had nothing: zero rows is an answer. Those of
    any other table, or of a report whose days are not those that its rows count for, are the days that they count for.
    """
    columns = ", ".join(f'"{column}"' for column in table.columns.names)
    found = f"count(*) as rows, cast(bit_xor(hash({columns})) as varchar) as content_hash from raw_{source}.{name}"
    if table.dated_by or not table.is_dated:
        day = _day(table, plan)
        _replace(connection, source, name, plan, "", f"select {day} as date_day, {found} group by 1", [], "true", [])
        return
    account, day = (f'"{column}"' for column in table.slice_by)
    for pull in plan.of(name):
        if (name, pull.account_id) not in plan.failures:
            days = [pull.first_day, pull.last_day]
            _replace(
                connection, source, name, plan, pull.account_id,
                f"""
                with days as (
                    select cast(unnest(generate_series(?::date, ?::date, interval 1 day)) as date) as date_day
                ),
                found as (select {day} as date_day, {found} where {account} = ? and {day} between ? and ? group by 1)
                select date_day, coalesce(rows, 0) as rows, coalesce(content_hash, '') as content_hash
                from days left join found using (date_day)
                """,
                [*days, pull.account_id, *days],
                "date_day between ? and ?",
                days,
            )  # fmt: skip


def _replace(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    name: str,
    plan: Plan,
    account_id: str,
    query: str,
    values: Sequence[object],
    within: str,
    bounds: Sequence[object],
) -> None:
    """Compare the slices of a query with those on record, note the changes, and put the new in place of the old."""
    connection.execute(f"create or replace temp table fresh as {query}", values)
    where = f"source = ? and table_name = ? and account_id = ? and {within}"
    scope: list[object] = [source, name, account_id, *bounds]
    connection.execute(
        f"""
        insert into raw_parcours.slice_changes
        select ?, ?, ?, coalesce(fresh.date_day, known.date_day), ?::timestamptz, known.rows, coalesce(fresh.rows, 0)
        from fresh full join (select * from raw_parcours.slices where {where}) as known
            on fresh.date_day is not distinct from known.date_day
        where fresh.content_hash is distinct from known.content_hash
        """,
        [source, name, account_id, plan.as_of, *scope],
    )
    connection.execute(f"delete from raw_parcours.slices where {where}", scope)
    connection.execute(
        "insert into raw_parcours.slices select ?, ?, ?, date_day, ?::timestamptz, rows, content_hash from fresh",
        [source, name, account_id, plan.as_of],
    )


def _day(table: Table, plan: Plan) -> str:
    """The business day that a row counts for, as SQL; null where the table has none."""
    if table.kind == "snapshots":
        return '"captured_on"'
    if not table.dated_by:
        return "null::date"
    days = []
    for column in table.dated_by:
        kind = table.columns.field(column).type
        day = f"cast(timezone('{plan.zone.key}', {instant(table, column)}) as date)"
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
