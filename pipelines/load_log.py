"""The load log: what was asked, when, what came and what changed; models join it for coverage, causes and health."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from threading import Lock

import duckdb
import pyarrow as pa

from pipelines import accounts, deletions, forgotten, migrations, slices
from pipelines.connector import Connector, ConnectorError, Plan, Pull, columns
from pipelines.identity import fingerprint
from pipelines.opening import opened
from pipelines.rows import fields_read
from pipelines.sql import seen_as

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
create table if not exists raw_parcours.compactions (done_at timestamptz, bytes bigint);
create table if not exists raw_parcours.identity (fingerprint varchar);
create table if not exists raw_parcours.disconnections (what varchar, disconnected_at timestamptz);
create table if not exists raw_parcours.objective_versions (objective_id varchar, valid_from date, said varchar);
create table if not exists raw_parcours.objective_reviews (
    objective_id varchar, reviewed_at timestamptz, note varchar
);
"""
    + accounts.TABLE
    + forgotten.TABLES
)


PULLED = columns(
    "table_name", "account_id", "definition", "content_hash",
    first_day=pa.date32(), last_day=pa.date32(), rows=pa.int64(), reread_days=pa.int32(),
)  # fmt: skip
ASKED = columns("table_name", "account_id", first_day=pa.date32(), last_day=pa.date32())
TOLD = columns("table_name", "account_id", "grain", "caveat", "detail", date_day=pa.date32())
FIELDS = columns("table_name", "field", is_read=pa.bool_())
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

    Refuses one that is damaged, that a newer program has written, or that was built with another identity key.
    """
    connection = opened(warehouse)
    try:
        connection.execute("set timezone = 'UTC'")
        is_behind = migrations.is_behind(connection)
        connection.execute(TABLES)
        _check_identity(connection)
        if is_behind:
            with ONE_WRITER:
                migrations.migrate(connection, warehouse)
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
        deletions.record(connection, connector.name, connector.tables, plan)
        _record_pulls(connection, connector, plan, rows)
        slices.record(connection, connector.name, connector.tables, plan)
        _record_caveats(connection, connector.name, plan)
        _record_fields(connection, connector, plan)
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


def _record_pulls(
    connection: duckdb.DuckDBPyConnection, connector: Connector, plan: Plan, rows: dict[Pull, int]
) -> None:
    """A line for each pull that was read; a run repeated at the same instant replaces its own lines."""
    lines = [
        {
            "table_name": pull.table,
            "account_id": pull.account_id,
            "definition": pull.definition,
            "first_day": pull.first_day,
            "last_day": accounts.over_through(plan, pull),  # one that still ran there is asked again, complete then
            "rows": rows.get(pull, 0),
            "reread_days": connector.tables[pull.table].reread_days,
            "content_hash": plan.hashes.get(account, plan.known_hashes.get(account, "")),
        }
        for pull in plan.pulls
        if not plan.has_failed(pull)
        for account in [(pull.table, pull.account_id)]
    ]
    load = {"source": connector.name, "as_of": plan.as_of}
    with seen_as(connection, pulled=pa.Table.from_pylist(lines, schema=PULLED)):
        connection.execute(
            """
            delete from raw_parcours.loads using pulled
            where source = $source and as_of = $as_of and loads.table_name = pulled.table_name
                and loads.account_id = pulled.account_id and loads.definition = pulled.definition
                and loads.first_day = pulled.first_day and loads.last_day = pulled.last_day
            """,
            load,
        )
        connection.execute(
            """
            with known as (
                select distinct source, table_name, account_id, definition from raw_parcours.loads
                where source = $source and as_of < $as_of
            )
            insert into raw_parcours.loads
            select
                $source, table_name, account_id, definition, if(known.source is null, 'first', $kind),
                first_day, last_day, $as_of, $through, rows, reread_days, content_hash, $warnings
            from pulled left join known using (table_name, account_id, definition)
            """,
            load | {"kind": plan.kind, "through": plan.through, "warnings": _text(plan.warnings)},
        )


def _record_caveats(connection: duckdb.DuckDBPyConnection, source: str, plan: Plan) -> None:
    """What the vendor says of the asked days and periods now, in place of what it said before."""
    pulls: dict[tuple[str, str], list[Pull]] = defaultdict(list)
    for pull in plan.pulls:
        if (pull.table, pull.account_id) not in plan.failures:
            pulls[pull.table, pull.account_id].append(pull)
    # Of days that only some of an account's reports read again, what was said of the others holds on.
    asked = [
        {
            "table_name": table,
            "account_id": account,
            "first_day": max(pull.first_day for pull in of_account),
            "last_day": max(pull.last_day for pull in of_account),
        }
        for (table, account), of_account in pulls.items()
    ]
    told = {
        (one.table, one.account_id, one.grain, one.day, one.name): {
            "table_name": one.table,
            "account_id": one.account_id,
            "grain": one.grain,
            "date_day": one.day,
            "caveat": one.name,
            "detail": one.detail,
        }
        for one in sorted(plan.caveats, key=str)
        if (one.table, one.account_id) in pulls
    }
    with seen_as(
        connection,
        asked=pa.Table.from_pylist(asked, schema=ASKED),
        told=pa.Table.from_pylist(list(told.values()), schema=TOLD),
    ):
        connection.execute(
            """
            delete from raw_parcours.caveats using asked
            where source = ? and caveats.table_name = asked.table_name and caveats.account_id = asked.account_id and (
                date_day is null and not ?
                or date_day <= last_day and date_day >= case
                    when grain in ('', 'day') then first_day
                    when grain = 'week' then first_day - 6
                    when grain like '%_to_date' then date_day  -- of now alone, told anew by each load
                    else date_trunc(grain, first_day)
                end
            )
            """,
            [source, plan.is_further],
        )
        connection.execute(
            """
            delete from raw_parcours.caveats using told
            where source = ? and caveats.table_name = told.table_name and caveats.account_id = told.account_id
                and caveats.grain = told.grain and caveats.date_day is not distinct from told.date_day
                and caveats.caveat = told.caveat
            """,
            [source],
        )
        connection.execute(
            "insert into raw_parcours.caveats "
            "select ?, table_name, account_id, grain, date_day, caveat, detail, ? from told",
            [source, plan.as_of],
        )


def _record_fields(connection: duckdb.DuckDBPyConnection, connector: Connector, plan: Plan) -> None:
    """The fields that rows came with, and whether a column is read from each."""
    came = [
        {"table_name": name, "field": field, "is_read": field in read}
        for name, fields in plan.fields.items()
        for read in [fields_read(connector.tables[name])]
        for field in fields
    ]
    with seen_as(connection, came=pa.Table.from_pylist(came, schema=FIELDS)):
        connection.execute(
            """
            insert into raw_parcours.fields
            select $source, table_name, field, is_read, $as_of from came
            where not exists (
                select 1 from raw_parcours.fields as known
                where known.source = $source and known.table_name = came.table_name and known.field = came.field
            )
            """,
            {"source": connector.name, "as_of": plan.as_of},
        )
