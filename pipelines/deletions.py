"""Deletion needs proof: rows that a vendor shows no more are kept where so many are missing that it may be a fault.

An empty list says "all was deleted" as well as "something is wrong here". So an unusual loss is held back, and told,
until a later refresh sees the same; a usual one is deleted at once (decision 16).
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.connector import Held, Plan, Pull, Table, columns
from pipelines.slices import instant
from pipelines.sql import named, seen_as

# Vendors delete and merge a row now and then, one in fifty at most between two refreshes, while the smallest fault, a
# page that is missing, takes one of very many pages only where a listing is long.
UNUSUAL_SHARE = 0.1
UNUSUAL_ROWS = 2  # one row of several is nobody's fault to see: of few rows it is a large share each time
ALWAYS_UNUSUAL_SHARE = 0.5  # of two rows, too
AGAIN_AFTER = timedelta(hours=1)  # what a vendor still says then is no passing fault

SAME = "source = ? and table_name = ? and account_id = ?"
HELD = columns("row_key", date_day=pa.date32(), held_since=pa.timestamp("us", "UTC"))
Key = tuple[Any, ...]
Stored = Mapping[Key, date | None]  # a row's key → its day, where a load asks by day


def judged(
    connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, plan: Plan, seen: Collection[Key]
) -> tuple[list[Key], pa.Table]:
    """Of the rows that were asked for and did not come: the keys to delete, and the rows to keep."""
    gone: list[Key] = []
    kept: list[Key] = []
    left = plan.skipped | {*plan.failures, *((failed, account) for failed, account, _ in plan.failed)}
    for account in sorted({pull.account_id for pull in plan.of(name)}):
        if (name, account) in left:
            continue
        stored: dict[Key, date | None] = {}
        for pull in plan.of(name):
            if pull.account_id == account:
                stored |= _stored(connection, source, name, table, plan, pull)
        shown = _of_account(table, account, seen)
        missing = stored.keys() - shown
        before = {key: since for key, since in _held(connection, source, name, account, stored) if key in stored}
        is_believed = plan.accepts_deletions or table.is_chosen
        held = {} if is_believed else _held_back(table, stored, missing, shown, before, plan.as_of)
        plan.held[name, account] = [Held(_text(key), stored[key], since) for key, since in held.items()]
        if held:
            _tell(plan, source, name, account, len(held), len(stored.keys() | shown))
        gone += missing - held.keys()
        kept += held
    return gone, _rows(connection, source, name, table, kept)


def _held_back(
    table: Table,
    stored: Stored,
    missing: set[Key],
    shown: set[Key],
    before: Mapping[Key, datetime],
    as_of: datetime,
) -> dict[Key, datetime]:
    """The missing rows that stay, and since when they are missing.

    They are counted as a share of all that is known, stored or shown: a load that is killed when the new rows stand
    beside those that stay, and the log does not tell yet which those are, judges the same when it runs again.

    The same set seen again is proven after a while, whatever else vanished meanwhile; where one of its rows came back,
    the vendor is not to be believed yet, and all begins anew.
    """
    is_same = before.keys() <= missing
    waiting = {key: since for key, since in before.items() if is_same and as_of - since < AGAIN_AFTER}
    new = missing - before.keys() if is_same else missing
    others = {key: day for key, day in stored.items() if not (is_same and key in before)}
    if table.is_dated:
        new = _unusual_of_days(table, others, new, shown)
    elif not _is_unusual(len(new), len(others.keys() | shown)):
        new = set()
    return waiting | dict.fromkeys(new, as_of)


def _unusual_of_days(table: Table, stored: Stored, missing: set[Key], shown: set[Key]) -> set[Key]:
    """What is missing of the days that lost rows, where it is too much in all or takes a whole day of several rows.

    A report's rows are counted rather than known by their keys: a vendor that restates a day may break it down by other
    values, and that is no loss.
    """
    by_day = table.key.index(table.slice_by[1])
    rows, came = Counter(stored.values()), Counter(key[by_day] for key in shown)
    lost = {day: count - came[day] for day, count in rows.items() if count > came[day]}
    is_emptied = any(count >= UNUSUAL_ROWS and not came[day] for day, count in rows.items())
    if not is_emptied and not _is_unusual(sum(lost.values()), len(stored)):
        return set()
    return {key for key in missing if stored[key] in lost}


def _is_unusual(lost: int, known: int) -> bool:
    return lost > 0 and lost >= known * (UNUSUAL_SHARE if lost >= UNUSUAL_ROWS else ALWAYS_UNUSUAL_SHARE)


def _tell(plan: Plan, source: str, name: str, account: str, held: int, known: int) -> None:
    of_account = f" of {account}" if account else ""
    plan.warn(
        f"{source}: {name}: deletions are held back: {held:,} of {known:,} rows{of_account} are no longer there "
        "at the vendor. They stay until a refresh an hour or more later finds the same. If they were deleted "
        f"on purpose, `parcours refresh --accept-deletions {source}` deletes them at once."
    )


def _of_account(table: Table, account: str, seen: Collection[Key]) -> set[Key]:
    if not account:
        return set(seen)  # one listing tells of all
    position = table.key.index(_account_column(table))
    return {key for key in seen if key[position] == account}


def _account_column(table: Table) -> str:
    return table.slice_by[0] if table.slice_by else table.key[0]


def _stored(
    connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, plan: Plan, pull: Pull
) -> dict[Key, date | None]:
    """The rows that a load asks to be shown again: of its slices, of its time or, of a snapshot, of its day."""
    day = "null::date"
    values: list[object] = []
    if table.kind == "snapshots":
        within, values = '"captured_on" = ?', [plan.captured_on]
    elif table.kind == "entities":
        at = instant(table, table.listed_by)
        within, values = f"{at} > ?", [plan.start(pull.first_day)]
        if until := plan.until(name):
            within += f" and {at} < ?"
            values.append(until)
        # one of midnight belongs to the day before, since a listing that begins with its own does not hold it
        day = f"cast(timezone('{plan.zone.key}', {at} - interval 1 microsecond) as date)"
    elif table.is_dated:
        day = f'"{table.slice_by[1]}"'
        within, values = f"{day} between ? and ?", [pull.first_day, pull.last_day]
    else:
        within = "true"
    if pull.account_id:  # else one listing tells of all
        within += f' and "{_account_column(table)}" = ?'
        values.append(pull.account_id)
    found = connection.execute(
        f"select {named(table.key)}, {day} from raw_{source}.{name} where {within}", values
    ).to_arrow_table()
    *parts, days = (column.to_pylist() for column in found.columns)
    return dict(zip(zip(*parts, strict=True), days, strict=True))


def _rows(
    connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, keys: Collection[Key]
) -> pa.Table:
    """The stored rows of these keys."""
    if not keys:
        return table.columns.empty_table()
    kinds = pa.schema([table.columns.field(column) for column in table.key])
    wanted = pa.Table.from_pylist([dict(zip(table.key, key, strict=True)) for key in keys], schema=kinds)
    with seen_as(connection, wanted=wanted):
        found = connection.execute(
            f"select {named(table.columns.names)} from raw_{source}.{name} semi join wanted using ({named(table.key)})"
        )
        return found.to_arrow_table().cast(table.columns)


def _text(key: Key) -> str:
    return json.dumps(key, ensure_ascii=False, default=str)


def _held(
    connection: duckdb.DuckDBPyConnection, source: str, name: str, account: str, stored: Stored
) -> Iterator[tuple[Key, datetime]]:
    """What an earlier load held back, of what is stored."""
    found = connection.execute(
        f"select row_key, held_since from raw_parcours.held_back where {SAME}", [source, name, account]
    ).fetchall()
    keys = {_text(key): key for key in stored} if found else {}
    return ((keys[text], since) for text, since in found if text in keys)


def oldest(connection: duckdb.DuckDBPyConnection, source: str) -> dict[tuple[str, str], date]:
    """(table, account) → the day of the oldest row that is held back: it must be asked again to be proven."""
    found = connection.execute(
        "select table_name, account_id, min(date_day) from raw_parcours.held_back "
        "where source = ? and date_day is not null group by all",
        [source],
    ).fetchall()
    return {(name, account): day for name, account, day in found}


def record(connection: duckdb.DuckDBPyConnection, source: str, tables: Mapping[str, Table], plan: Plan) -> None:
    """Note what a load held back, in place of what was held of the same days; tell it with the values made of it."""
    before = connection.execute(
        "select distinct table_name, account_id from raw_parcours.held_back where source = ?", [source]
    ).fetchall()
    for name, table in tables.items():
        for account in sorted({pull.account_id for pull in plan.of(name)}):
            is_held = (name, account) in before or bool(plan.held.get((name, account)))
            if is_held and (name, account) not in plan.failures:
                _record(connection, source, name, account, table, plan)


def _record(
    connection: duckdb.DuckDBPyConnection, source: str, name: str, account: str, table: Table, plan: Plan
) -> None:
    key = [source, name, account]
    if (name, account) in plan.held:
        _replace(connection, key, table, plan)
    day = "date_day" if table.is_dated and not table.dated_by else "null::date"
    for told, count in connection.execute(
        f"select {day}, count(*) from raw_parcours.held_back where {SAME} group by 1", key
    ).fetchall():
        plan.caveat(name, account, "deletions_held_back", f"{count:,} rows", told)


def _replace(connection: duckdb.DuckDBPyConnection, key: list[str], table: Table, plan: Plan) -> None:
    _, name, account = key
    pulls = [pull for pull in plan.of(name) if pull.account_id == account]
    until = max(pull.last_day for pull in pulls) if table.is_dated or plan.until(name) else date.max
    connection.execute(
        f"delete from raw_parcours.held_back where {SAME} and (date_day is null or date_day between ? and ?)",
        [*key, min(pull.first_day for pull in pulls), until],
    )
    if rows := plan.held[name, account]:
        with seen_as(connection, held=pa.Table.from_pylist([vars(row) for row in rows], schema=HELD)):
            connection.execute(
                "insert into raw_parcours.held_back select ?, ?, ?, row_key, date_day, held_since from held", key
            )
