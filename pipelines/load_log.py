"""The load log: what was asked, when, and what came; models join it for coverage and completeness."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock

import duckdb

from pipelines.connector import Connector, ConnectorError, Plan, Pull, Table
from pipelines.identity import fingerprint

TABLES = """
create schema if not exists raw_parcours;
create table if not exists raw_parcours.refreshes (as_of timestamptz, through date, history_start date);
create table if not exists raw_parcours.loads (
    source varchar, table_name varchar, account_id varchar, definition varchar, first_day date, last_day date,
    as_of timestamptz, through date, rows bigint, reread_days integer, content_hash varchar, warnings varchar
);
create table if not exists raw_parcours.slices (
    source varchar, table_name varchar, account_id varchar, date_day date, as_of timestamptz, rows bigint,
    content_hash varchar, caveats varchar
);
create table if not exists raw_parcours.identity (fingerprint varchar);
"""


ONE_WRITER = Lock()  # vendors load side by side; their log entries are written one after the other


@dataclass(frozen=True)
class Covered:
    """How far one (table, account, definition) has been loaded, and the hash its last load left."""

    last_day: date
    content_hash: str


def connect(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """The warehouse with its load log; refuses an identity key other than the one it was built with."""
    connection = duckdb.connect(str(warehouse))
    connection.execute("set timezone = 'UTC'")
    connection.execute(TABLES)
    known = connection.execute("select fingerprint from raw_parcours.identity").fetchone()
    if known is None:
        connection.execute("insert into raw_parcours.identity values (?)", [fingerprint()])
    elif known[0] != fingerprint():
        connection.close()
        raise ConnectorError(
            "PARCOURS_IDENTITY_KEY is not the key this warehouse was built with: the same person would count twice. "
            "Set the first key again, or start a new warehouse."
        )
    return connection


def covered(connection: duckdb.DuckDBPyConnection, source: str) -> dict[tuple[str, str, str], Covered]:
    """(table, account, definition) → how far it has been loaded."""
    rows = connection.execute(
        """
        select table_name, account_id, definition, max(last_day), arg_max(content_hash, as_of)
        from raw_parcours.loads where source = ? group by all
        """,
        [source],
    ).fetchall()
    return {
        (table, account, definition): Covered(day, hashed or "") for table, account, definition, day, hashed in rows
    }


def record(connection: duckdb.DuckDBPyConnection, connector: Connector, plan: Plan, rows: dict[Pull, int]) -> None:
    """Write one load: a row per pull, and the hash of every slice it read, in one transaction."""
    with ONE_WRITER:
        _record(connection, connector, plan, rows)


def _record(connection: duckdb.DuckDBPyConnection, connector: Connector, plan: Plan, rows: dict[Pull, int]) -> None:
    connection.execute("begin")
    pulls = [pull for pull in plan.pulls if (pull.table, pull.account_id) not in plan.failures]
    for pull in pulls:
        # A run repeated at the same instant replaces its own line, not the line of the longer range before it.
        connection.execute(
            "delete from raw_parcours.loads where source = ? and table_name = ? and account_id = ? and definition = ? "
            "and first_day = ? and last_day = ? and as_of = ?",
            [connector.name, pull.table, pull.account_id, pull.definition, pull.first_day, pull.last_day, plan.as_of],
        )
        connection.execute(
            "insert into raw_parcours.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _load_row(connector, plan, pull, rows.get(pull, 0)),
        )
    for name, table in connector.tables.items():
        if table.is_dated:
            _record_slices(connection, connector.name, name, table, plan)
    connection.execute("commit")


def _load_row(connector: Connector, plan: Plan, pull: Pull, rows: int) -> list[object]:
    return [
        connector.name,
        pull.table,
        pull.account_id,
        pull.definition,
        pull.first_day,
        pull.last_day,
        plan.as_of,
        plan.through,
        rows,
        connector.tables[pull.table].reread_days,
        plan.hashes.get((pull.table, pull.account_id), plan.known_hashes.get((pull.table, pull.account_id), "")),
        json.dumps(plan.warnings, ensure_ascii=False),
    ]


def _record_slices(connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, plan: Plan) -> None:
    """One row per asked (account, day), also where the vendor had nothing: zero rows is an answer."""
    account, day = table.slice_by
    columns = ", ".join(f'"{column}"' for column in table.columns.names)
    for pull in plan.of(name):
        if (name, pull.account_id) in plan.failures:
            continue
        where = [source, name, pull.account_id, pull.first_day, pull.last_day]
        connection.execute(
            "delete from raw_parcours.slices where source = ? and table_name = ? and account_id = ? "
            "and date_day between ? and ?",
            where,
        )
        connection.execute(
            f"""
            insert into raw_parcours.slices
            with days as (select cast(unnest(generate_series(?::date, ?::date, interval 1 day)) as date) as date_day),
            found as (
                select {day} as date_day, count(*) as rows, cast(bit_xor(hash({columns})) as varchar) as content_hash
                from raw_{source}.{name} where {account} = ? and {day} between ? and ? group by 1
            )
            select
                ?, ?, ?, days.date_day, ?::timestamptz,
                coalesce(found.rows, 0), coalesce(found.content_hash, ''), '{{}}'
            from days left join found using (date_day)
            """,
            [*where[3:], pull.account_id, *where[3:], *where[:3], plan.as_of],
        )
    for values in _caveats(source, name, plan):
        connection.execute(
            "update raw_parcours.slices set caveats = ? "
            "where source = ? and table_name = ? and account_id = ? and date_day = ?",
            values,
        )


def _caveats(source: str, name: str, plan: Plan) -> Iterable[list[object]]:
    for (table, account, day), said in plan.caveats.items():
        if table == name:
            yield [json.dumps(said, sort_keys=True), source, table, account, day]
