"""The demo's objectives: where each stands follows from what was true and from what the settings want."""

from datetime import date

import duckdb
import pytest

from pipelines.objectives import Target
from sandbox.truth import Key
from tests.end_to_end.conftest import Refreshed

LATEST, ITS_END = date(2026, 10, 1), date(2026, 10, 31)  # the last month that is complete on 23 November


def wanted(target: Target) -> tuple[float, float]:
    """What is expected by the end of the month, and what is lacking at most where it is at risk."""
    if target.per_period is not None:  # of the year's ten months so far
        return 10 * target.per_period, target.per_period
    assert target.start_value is not None and target.target_value is not None
    assert target.start_day is not None and target.target_day is not None
    share = (ITS_END - target.start_day).days / (target.target_day - target.start_day).days
    way = target.target_value - target.start_value
    return target.start_value + way * share, way / 10


def test_every_objective_of_the_demo_stands_where_truth_says(refreshed: Refreshed) -> None:
    true = {}
    for objective in refreshed.settings.objectives:
        for target in objective.kpis:
            months = [date(2026, month, 1) for month in range(1, 11)] if target.per_period else [LATEST]
            value = sum(float(refreshed.true[Key(target.kpi, "month", month)].value or 0) for month in months)
            expected, most = wanted(target)
            lacking = (expected - value) / most
            status = "on track" if lacking <= 0 else "at risk" if lacking <= 1 else "off track"
            true[objective.id, target.kpi] = (objective.stage, pytest.approx(value), pytest.approx(expected), status)
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        rows = marts.execute(
            "select objective_id, kpi_id, stage, latest_value, expected_value, status, latest_period_start "
            "from kpi_scorecard"
        ).fetchall()
    assert {row[:2]: row[2:6] for row in rows} == true
    assert {row[6] for row in rows} == {LATEST}
    assert {row[5] for row in rows} == {"on track", "at risk", "off track"}
    assert len({row[2] for row in rows}) == 8  # every stage has one


def test_an_objective_that_nobody_reviewed_for_weeks_is_overdue(refreshed: Refreshed) -> None:
    """All are known since 31 October; on 23 November only what is due weekly is late."""
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        found = marts.execute(
            "select distinct objective_id, review_due_on from kpi_scorecard where is_review_overdue"
        ).fetchall()
        versions = marts.execute("select distinct version, valid_from, valid_until from objectives").fetchall()
    assert found == [("achats", date(2026, 11, 7))]
    assert versions == [(1, ITS_END, None)]


def test_the_settings_notes_and_the_breaks_of_series_are_annotations(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        found = marts.execute("select date_day, kind, kpi_id from annotations").fetchall()
    notes = {(one.day, kpi) for one in refreshed.settings.annotations for kpi in one.kpis or (None,)}
    assert {(day, kpi) for day, kind, kpi in found if kind == "note"} == notes
    assert {kpi for _, kind, kpi in found if kind == "series break"} >= {"customer_satisfaction"}
    assert {kind for _, kind, _ in found} == {"note", "series break"}
