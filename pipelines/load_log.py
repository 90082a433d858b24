"""The load log: what was asked, when, what came and what changed; models join it for coverage, causes and health."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from threading import Lock

import duckdb

from pipelines import accounts, deletions, migrations, slices
from pipelines.connector import Connector, ConnectorError, Plan, Pull, Table
from pipelines.identity import fingerprint
from pipelines.rows import fields_read

TABLES = (
    """
create schema if not exists raw_parcours;
create table if not exists raw_parcours.refreshes (
    as_of timestamptz, through date, history_start date, definition varchar
);
create table if not exists raw_parcours.loads (
    source varchar, table_name varchar, account_id varchar, definition varchar, kind varchar, first_day date,
    last_day date, as_of timestamptz, through date, rows bigint, reread_days integer, content_hash varchar,
    warnings varchar
);
create table if not exists raw_parcours.slices (
    source varchar, table_name varchar, account_id varchar, date_day date, as_of timestamptz, rows bigint,
    content_hash varchar
);
create table if not exists raw_parcours.slice_changes (
    source varchar, table_name varchar, account_id varchar, date_day date, changed_at timestamptz,
    rows_before bigint, rows_after bigint
);
create table if not exists raw_parcours.held_back (
    source varchar, table_name varchar, account_id varchar, row_key varchar, date_day date, held_since timestamptz
);
create table if not exists raw_parcours.caveats (
    source varchar, table_name varchar, account_id varchar, grain varchar, date_day date, caveat varchar,
    detail varchar, as_of timestamptz
);
create table if not exists raw_parcours.fields (
    source varchar, table_name varchar, field varchar, is_read boolean, first_seen_at timestamptz
);
create table if not exists raw_parcours.outcomes (
    source varchar, as_of timestamptz, status varchar, rows bigint, warnings varchar, quota varchar, error varchar
);
create table if not exists raw_parcours.credentials (source varchar, expires_on date, as_of timestamptz);
create table if not exists raw_parcours.backfills (
    source varchar, first_day date, last_day date, done_through date, definition varchar
);
create table if not exists raw_parcours.loading (source varchar);
create table if not exists raw_parcours.builds (as_of timestamptz, definition varchar);
create table if not exists raw_parcours.identity (fingerprint varchar);
"""
    + accounts.TABLE
)


ONE_WRITER = Lock()  # vendors load side by side; their log entries are written one after the other


@dataclass(frozen=True)
class Covered:
    """The days of one (table, account, definition) that are loaded, when last, and the hash its last load left."""

    first_day: date
    last_day: date
    as_of: datetime
    deep_as_of: datetime
    content_hash: str


def connect(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """The warehouse with its load log, migrated to this program's version.

    Refuses one that a newer program has written, and an identity key other than the one it was built with.
    """
    connection = duckdb.connect(str(warehouse))
    try:
        connection.execute("set timezone = 'UTC'")
        is_behind = migrations.is_behind(connection)
        connection.execute(TABLES)
        _check_identity(connection)
        if is_behind:
            with ONE_WRITER:
                migrations.apply(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_identity(connection: duckdb.DuckDBPyConnection) -> None:
    known = connection.execute("select fingerprint from raw_parcours.identity").fetchone()
    if known is None:
        connection.execute("insert into raw_parcours.identity values (?)", [fingerprint()])
    elif known[0] != fingerprint():
        raise ConnectorError(
            "PARCOURS_IDENTITY_KEY is not the key this warehouse was built with: the same person would count twice. "
            "Set the first key again, or start a new warehouse."
        )


def covered(connection: duckdb.DuckDBPyConnection, source: str) -> dict[tuple[str, str, str], Covered]:
    """(table, account, definition) → what of it is loaded; a backfill reads again, and extends nothing."""
    rows = connection.execute(
        """
        select
            table_name, account_id, definition, min(first_day), max(last_day), max(as_of),
            max(as_of) filter (where kind in ('first', 'deep')), arg_max(coalesce(content_hash, ''), as_of)
        from raw_parcours.loads where source = ? and kind != 'backfill' group by all
        """,
        [source],
    ).fetchall()
    return {(table, account, definition): Covered(*found) for table, account, definition, *found in rows}


def record(connection: duckdb.DuckDBPyConnection, connector: Connector, plan: Plan, rows: dict[Pull, int]) -> None:
    """Write one load, in one transaction: a row per pull, and which slices it changed."""
    with ONE_WRITER:
        connection.execute("begin")
        accounts.keep_terms(connection, connector.name, plan)
        for name, table in connector.tables.items():
            deletions.record(connection, connector.name, name, table, plan)
        for pull in plan.pulls:
            if not plan.has_failed(pull):
                _record_pull(connection, connector, plan, pull, rows.get(pull, 0))
        for name, table in connector.tables.items():
            if plan.of(name):
                slices.record(connection, connector.name, name, table, plan)
                _record_caveats(connection, connector.name, name, plan)
                _record_fields(connection, connector.name, name, table, plan)
        connection.execute("delete from raw_parcours.loading where source = ?", [connector.name])
        connection.execute("commit")


def begin(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Note that raw tables may change from here on; `record` takes the note away when it has written what did."""
    with ONE_WRITER:
        connection.execute("delete from raw_parcours.loading where source = ?", [source])
        connection.execute("insert into raw_parcours.loading values (?)", [source])


def record_expiry(connection: duckdb.DuckDBPyConnection, source: str, expires_on: date | None, as_of: datetime) -> None:
    """When a source's credential expires, as its vendor said last; None for never, or where it is not known."""
    with ONE_WRITER:
        connection.execute("delete from raw_parcours.credentials where source = ?", [source])
        connection.execute("insert into raw_parcours.credentials values (?, ?, ?)", [source, expires_on, as_of])


def record_outcome(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    as_of: datetime,
    status: str,
    rows: int,
    warnings: list[str],
    quota: dict[str, str],
    error: str,
) -> None:
    """How a source fared in a refresh; the same refresh run again replaces it."""
    connection.execute("delete from raw_parcours.outcomes where source = ? and as_of = ?", [source, as_of])
    connection.execute(
        "insert into raw_parcours.outcomes values (?, ?, ?, ?, ?, ?, ?)",
        [source, as_of, status, rows, _text(warnings), _text(quota), error],
    )


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _record_pull(
    connection: duckdb.DuckDBPyConnection, connector: Connector, plan: Plan, pull: Pull, rows: int
) -> None:
    key = [connector.name, pull.table, pull.account_id, pull.definition]
    same = "source = ? and table_name = ? and account_id = ? and definition = ?"
    last_day = accounts.over_through(plan, pull)  # one that still ran there is asked again, and complete then
    earlier = connection.execute(f"select 1 from raw_parcours.loads where {same} and as_of < ?", [*key, plan.as_of])
    kind = plan.kind if earlier.fetchone() else "first"
    # A run repeated at the same instant replaces its own line, not the line of the longer range before it.
    connection.execute(
        f"delete from raw_parcours.loads where {same} and first_day = ? and last_day = ? and as_of = ?",
        [*key, pull.first_day, last_day, plan.as_of],
    )
    account = (pull.table, pull.account_id)
    connection.execute(
        "insert into raw_parcours.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *key,
            kind,
            pull.first_day,
            last_day,
            plan.as_of,
            plan.through,
            rows,
            connector.tables[pull.table].reread_days,
            plan.hashes.get(account, plan.known_hashes.get(account, "")),
            _text(plan.warnings),
        ],
    )


def _record_caveats(connection: duckdb.DuckDBPyConnection, source: str, name: str, plan: Plan) -> None:
    """What the vendor says of the asked days and periods now, in place of what it said before."""
    accounts = {pull.account_id for pull in plan.of(name) if (name, pull.account_id) not in plan.failures}
    for account in sorted(accounts):
        pulls = [pull for pull in plan.of(name) if pull.account_id == account]
        # Of days that only some of an account's reports read again, what was said of the others holds on.
        first_day, last_day = max(pull.first_day for pull in pulls), max(pull.last_day for pull in pulls)
        connection.execute(
            """
            delete from raw_parcours.caveats where source = ? and table_name = ? and account_id = ? and (
                date_day is null and not ?
                or date_day <= ? and date_day >= case grain
                    when '' then ?::date
                    when 'day' then ?::date
                    when 'week' then ?::date - 6
                    else date_trunc(grain, ?::date)
                end
            )
            """,
            [source, name, account, plan.is_further, last_day, *[first_day] * 4],
        )
    for told in sorted(plan.caveats, key=str):
        if told.table == name and told.account_id in accounts:
            key = [source, name, told.account_id, told.grain, told.day, told.name]
            connection.execute(
                "delete from raw_parcours.caveats where source = ? and table_name = ? and account_id = ? and grain = ? "
                "and date_day is not distinct from ? and caveat = ?",
                key,
            )
            connection.execute(
                "insert into raw_parcours.caveats values (?, ?, ?, ?, ?, ?, ?, ?)", [*key, told.detail, plan.as_of]
            )


def _record_fields(connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, plan: Plan) -> None:
    """The fields that rows came with, and whether a column is read from each."""
    fields = plan.fields.get(name, ())
    connection.execute(
        """
        insert into raw_parcours.fields
        select ?, ?, seen.field, list_contains(from_json(?, '["varchar"]'), seen.field), ?::timestamptz
        from (select unnest(from_json(?, '["varchar"]')) as field) as seen
        where not exists (
            select 1 from raw_parcours.fields as known
            where known.source = ? and known.table_name = ? and known.field = seen.field
        )
        """,
        # as one text each: DuckDB looks for pandas at every value that is bound to a list
        [source, name, _text(sorted(fields_read(table))), plan.as_of, _text(sorted(fields)), source, name],
    )
