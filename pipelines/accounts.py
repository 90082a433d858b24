"""The zone and the currency of a vendor's account: until which day it is over there, and what changed on which day."""

from datetime import date, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb

from pipelines.connector import Plan, Pull

LAST_ZONE = timezone(timedelta(hours=-12))  # where a day ends last: what a zone of an unknown name is taken for
BREAKS = {"account_zone": "time zone", "account_currency": "currency"}
BEGINNING = date(1, 1, 1)
TABLE = """
create table if not exists raw_parcours.account_terms (
    source varchar, table_name varchar, account_id varchar, term varchar, value varchar, since date
);
"""


def over_through(plan: Plan, pull: Pull) -> date:
    """The last asked day that was over in the account's zone when it was asked for."""
    name = plan.terms.get((pull.table, pull.account_id, "account_zone"))
    if name is None:
        return pull.last_day
    return min(pull.last_day, plan.as_of.astimezone(_zone(name)).date() - timedelta(days=1))


def keep_terms(connection: duckdb.DuckDBPyConnection, source: str, plan: Plan) -> None:
    """Note what is new of each account's zone and currency; once one has changed, its caveats are told day by day."""
    _remember(connection, source, plan)
    for pull in plan.pulls:
        for term in BREAKS:
            value = plan.terms.get((pull.table, pull.account_id, term))
            if value is not None and (pull.table, pull.account_id) not in plan.failures:
                _keep(connection, source, plan, pull, term, value)


def _remember(connection: duckdb.DuckDBPyConnection, source: str, plan: Plan) -> None:
    """An account that this load could not ask has the terms that it had."""
    asked = {(pull.table, pull.account_id) for pull in plan.pulls}
    last = connection.execute(
        "select table_name, account_id, term, arg_max(value, since) from raw_parcours.account_terms "
        "where source = ? group by all",
        [source],
    ).fetchall()
    for table, account, term, value in last:
        if (table, account) in asked and (table, account, term) not in plan.terms:
            (plan.account_zone if term == "account_zone" else plan.account_currency)(table, account, value)


def _keep(connection: duckdb.DuckDBPyConnection, source: str, plan: Plan, pull: Pull, term: str, value: str) -> None:
    """The term as it is now, since the first day that was not loaded whole before; `BEGINNING` for the first one."""
    key = [source, pull.table, pull.account_id, term]
    where = "source = ? and table_name = ? and account_id = ? and term = ?"
    found = f"select value, since from raw_parcours.account_terms where {where} order by since"
    terms: list[tuple[str, date]] = connection.execute(found, key).fetchall()
    if not terms or terms[-1][0] != value:
        known = _loaded(connection, source, pull, "max(last_day)")
        since = known + timedelta(days=1) if terms and known else BEGINNING
        terms = [one for one in terms if one[1] < since]
        connection.execute(f"delete from raw_parcours.account_terms where {where} and since >= ?", [*key, since])
        connection.execute("insert into raw_parcours.account_terms values (?, ?, ?, ?, ?, ?)", [*key, value, since])
        terms.append((value, since))
    if len(terms) > 1:
        _tell_by_day(connection, source, plan, pull, term, terms)


def _tell_by_day(
    connection: duckdb.DuckDBPyConnection, source: str, plan: Plan, pull: Pull, term: str, terms: list[tuple[str, date]]
) -> None:
    """Each day's own term in place of one for all, and a break on the day on which it changed."""
    of_all = {
        one for one in plan.caveats if (one.table, one.account_id, one.name) == (pull.table, pull.account_id, term)
    }
    plan.caveats -= of_all
    first_day = min(pull.first_day, _loaded(connection, source, pull, "min(first_day)") or pull.first_day)
    departs = term == "account_currency"
    for offset in range((pull.last_day - first_day).days + 1):
        day = first_day + timedelta(days=offset)
        value = [one for one, since in terms if since <= day][-1]
        if departs or value != plan.zone.key:
            plan.caveat(pull.table, pull.account_id, term, value, day)
    for (before, _), (after, since) in pairwise(terms):
        plan.caveat(
            pull.table, pull.account_id, "series_break", f"{BREAKS[term]}: {before} until then, {after} since", since
        )


def _loaded(connection: duckdb.DuckDBPyConnection, source: str, pull: Pull, end: str) -> date | None:
    found = connection.execute(
        f"select {end} from raw_parcours.loads "
        "where source = ? and table_name = ? and account_id = ? and kind != 'backfill'",
        [source, pull.table, pull.account_id],
    ).fetchone()
    return found[0] if found else None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return LAST_ZONE
