"""What an assistant is told of the KPIs, all as published: each value with its parts, its flags and its caveats."""

from datetime import date
from pathlib import Path
from typing import Any

from app.finding import found
from dashboard.published import Ask, Rows, opened
from dashboard.words import LANGUAGES, caveats_of
from pipelines.connector import ConnectorError

FOUND, PERIODS, REVISIONS = 5, 14, 20  # the most that one answer tells
# Amounts are exact in the file; JSON has one kind of number.
VALUE = """
    grain, period_start, period_end, last_day, value, unit,
    cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    is_connected, is_complete, is_provisional, sources, missing_sources, caveats, as_of
"""
OTHER = "cast(other_numerator as double) as other_numerator, cast(other_denominator as double) as other_denominator"
REVISION = """
    value_before, value_after, unit_before, unit_after,
    cast(numerator_before as double) as numerator_before, cast(numerator_after as double) as numerator_after,
    cast(denominator_before as double) as denominator_before, cast(denominator_after as double) as denominator_after,
    was_complete, was_provisional, has_new_days, first_reported_at, changed_at, cause
"""


class NotKnown(ConnectorError):
    """No such KPI or period; the message says how to find one."""


def find_kpis(marts: Path, search: str) -> Rows:
    """The KPIs that a question is about, the nearest first; all of them where nothing is asked."""
    with opened(marts) as ask:
        kpis = [_kpi(row) for row in ask("from marts.kpi_catalog order by position")]
    return found(kpis, search)[:FOUND] if search else kpis


def values_of(marts: Path, kpi_id: str, grain: str, first: date | None, last: date | None) -> dict[str, Any]:
    """The KPI and its periods that begin within these days, oldest first: the newest ones where they are many."""
    with opened(marts) as ask:
        kpi = _one_kpi(ask, kpi_id)
        rows = ask(
            f"""
            select {VALUE} from marts.kpi_values
            where kpi_id = $kpi_id and grain = $grain
            and period_start between coalesce($first, period_start) and coalesce($last, period_start)
            order by period_start desc
            """,
            {"kpi_id": kpi_id, "grain": grain, "first": first, "last": last},
        )
        periods = _told(ask, rows[:PERIODS][::-1])
    return kpi | {"periods": periods, "has_more": len(rows) > PERIODS}


def comparisons_of(marts: Path, kpi_id: str, grain: str, period_start: date) -> dict[str, Any]:
    """A value beside the one of the period before and of last year; of an open one, beside as many first days."""
    with opened(marts) as ask:
        kpi, of = _one_kpi(ask, kpi_id), {"kpi_id": kpi_id, "grain": grain, "period_start": period_start}
        period = _one_period(ask, of)
        rows = ask(
            f"""
            select
                comparison, other_from, other_through, other_value, {OTHER}, change, change_share, direction,
                is_provisional, reason, other_caveats as caveats
            from marts.kpi_comparisons
            where kpi_id = $kpi_id and grain = $grain and period_start = $period_start
            order by comparison desc
            """,
            of,
        )
        return kpi | {"period": period, "comparisons": _told(ask, rows)}


def revisions_of(marts: Path, kpi_id: str, grain: str, period_start: date) -> dict[str, Any]:
    """What was published for a period before, and why it changed; the newest change first."""
    with opened(marts) as ask:
        kpi, of = _one_kpi(ask, kpi_id), {"kpi_id": kpi_id, "grain": grain, "period_start": period_start}
        period = _one_period(ask, of)
        rows = ask(
            f"""
            select {REVISION} from marts.kpi_revisions
            where kpi_id = $kpi_id and grain = $grain and period_start = $period_start
            order by changed_at desc
            """,
            of,
        )
    return kpi | {"period": period, "revisions": rows[:REVISIONS], "has_more": len(rows) > REVISIONS}


def _one_kpi(ask: Ask, kpi_id: str) -> dict[str, Any]:
    rows = ask("from marts.kpi_catalog where kpi_id = $kpi_id", {"kpi_id": kpi_id})
    if not rows:
        raise NotKnown(f"There is no KPI {kpi_id!r}: find one with list_kpis(search=…).")
    return _kpi(rows[0])


def _one_period(ask: Ask, of: dict[str, Any]) -> dict[str, Any]:
    rows = ask(
        f"""
        select {VALUE} from marts.kpi_values
        where kpi_id = $kpi_id and grain = $grain and period_start = $period_start
        """,
        of,
    )
    if not rows:
        raise NotKnown(f"No {of['grain']} begins on {of['period_start']}: get_kpi says which do.")
    return _told(ask, rows)[0]


def _kpi(row: dict[str, Any]) -> dict[str, Any]:
    names = ("kpi_id", "stage", "label_fr", "label_en", "definition_fr", "definition", "numerator", "denominator")
    known = {name: row[name] for name in (*names, "aggregation_class", "unit", "good", "cadence")}
    return known | {"synonyms": row.get("synonyms", "")}  # which an earlier Parcours did not publish


def _told(ask: Ask, rows: Rows) -> Rows:
    """The rows with what their caveats mean."""
    titles = {row["source"]: row["title"] for row in ask("from marts.dim_sources")}
    return [
        row
        | {
            "caveats": [
                {language: caveat[language] for language in LANGUAGES} for caveat in caveats_of(row["caveats"], titles)
            ]
        }
        for row in rows
    ]
