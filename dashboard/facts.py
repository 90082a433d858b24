"""What the page shows, as it stands in the published file: rows, in the order in which they are shown."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from dashboard.published import Ask, opened

Row = dict[str, Any]
GRAINS = ("day", "week", "month", "quarter", "year")
REVISIONS_SHOWN = 20  # of a KPI, the latest; kpi_revisions has all
SEGMENTS_SHOWN = 12  # of a dimension, the largest; kpi_by_segment has all


@dataclass(frozen=True)
class Facts:
    """The published tables that the page is made of."""

    business: Row
    stages: list[Row]
    catalog: list[Row]
    values: dict[tuple[str, str], list[Row]]  # (kpi_id, grain) → periods, oldest first
    comparisons: dict[tuple[str, str, date], dict[str, Row]]  # (kpi_id, grain, period_start) → comparison → row
    last_years: dict[tuple[str, date], date]  # (grain, period_start) → the period a year before
    targets: dict[tuple[str, str], dict[date, Row]]  # (kpi_id, grain) → period_start → row
    scorecard: list[Row]
    objectives: list[Row]
    annotations: list[Row]
    segments: dict[str, list[Row]]  # kpi_id → those of the latest complete period of each grain
    revisions: dict[str, list[Row]]  # kpi_id → the latest, newest first
    health: list[Row]

    @cached_property
    def titles(self) -> dict[str, str]:
        """The vendors' names."""
        return {row["source"]: row["title"] for row in self.health}


VALUES = """
    select kpi_id, grain, period_start, period_end, last_day, numerator, denominator, value, unit,
        is_connected, is_complete, is_provisional, sources, missing_sources, caveats
    from marts.kpi_values order by kpi_id, grain, period_start
"""
# Only what is told in words: of each KPI and grain the latest complete period, and the open one.
COMPARISONS = """
    select comparisons.*
    from marts.kpi_comparisons as comparisons
    semi join (
        select kpi_id, grain, max(period_start) as period_start
        from marts.kpi_values where is_complete group by all
        union all
        select kpi_id, grain, max(period_start) as period_start from marts.kpi_values group by all
    ) as latest using (kpi_id, grain, period_start)
"""
LAST_YEARS = """
    select distinct grain, period_start, other_from
    from marts.kpi_comparisons where comparison = 'last_year' and other_from is not null
"""
OBJECTIVES = """
    select objectives.*
    from marts.objectives join marts.dim_stages using (stage)
    where is_current order by position, objective_id
"""
SEGMENTS = f"""
    select segments.*, row_number() over (
        partition by kpi_id, grain, dimension order by coalesce(denominator, value) desc nulls last, segment
    ) as place, count(*) over (partition by kpi_id, grain, dimension) as places
    from marts.kpi_by_segment as segments
    semi join (
        select kpi_id, grain, max(period_start) as period_start
        from marts.kpi_values where is_complete group by all
    ) as latest using (kpi_id, grain, period_start)
    qualify place <= {SEGMENTS_SHOWN} order by kpi_id, grain, dimension, place
"""
REVISIONS = f"""
    select *, count(*) over (partition by kpi_id) as revisions
    from marts.kpi_revisions where not has_new_days
    qualify row_number() over (partition by kpi_id order by changed_at desc, grain, period_start desc)
        <= {REVISIONS_SHOWN}
    order by kpi_id, changed_at desc, grain, period_start desc
"""


def read_facts(marts: Path) -> Facts:
    """Everything at once, from one published file."""
    with opened(marts) as rows:
        return _facts(rows)


def _facts(rows: Ask) -> Facts:
    return Facts(
        business=rows("select * from marts.dim_business")[0],
        stages=rows("select * from marts.dim_stages order by position"),
        catalog=rows("select * from marts.kpi_catalog order by position"),
        values=_grouped(rows(VALUES), "kpi_id", "grain"),
        comparisons=_comparisons(rows(COMPARISONS)),
        last_years={(row["grain"], row["period_start"]): row["other_from"] for row in rows(LAST_YEARS)},
        targets=_targets(rows("select * from marts.kpi_targets order by objective_id")),
        scorecard=rows("select * from marts.kpi_scorecard order by objective_id, position"),
        objectives=rows(OBJECTIVES),
        annotations=rows("select * from marts.annotations order by date_day, kind, text"),
        segments=_grouped(rows(SEGMENTS), "kpi_id"),
        revisions=_grouped(rows(REVISIONS), "kpi_id"),
        health=rows("select * from marts.source_health order by is_connected desc, title"),
    )


def _grouped(rows: list[Row], *names: str) -> dict[Any, list[Row]]:
    """The rows of each key, in their order; a key of one name is its value."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)].append(row)
    return dict(found)


def _comparisons(rows: list[Row]) -> dict[tuple[str, str, date], dict[str, Row]]:
    found: dict[tuple[str, str, date], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        found[row["kpi_id"], row["grain"], row["period_start"]][row["comparison"]] = row
    return dict(found)


def _targets(rows: list[Row]) -> dict[tuple[str, str], dict[date, Row]]:
    """Where two objectives follow one KPI, the chart shows the first one's path."""
    found: dict[tuple[str, str], dict[date, Row]] = defaultdict(dict)
    for row in rows:
        found[row["kpi_id"], row["grain"]].setdefault(row["period_start"], row)
    return dict(found)
