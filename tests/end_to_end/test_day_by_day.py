"""Daily refreshes leave what one from scratch leaves on the last day, and what they reported on the way is kept.

With a long gap, two refreshes on one day, a day on which a source fails and a back-dated run. The vendors restate,
delete and are late as the sandbox has it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.places import PROJECT, Places
from flows.refresh import Outcome, run_refresh
from pipelines import kept
from pipelines.deletions import AGAIN_AFTER
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, read_settings
from sandbox.events import World
from sandbox.server import Running, running
from sandbox.truth import Refresh, truth
from sandbox.world import generate
from tests.aiming import aim
from tests.end_to_end.comparison import compare, published_values, summary
from tests.end_to_end.conftest import business

pytestmark = pytest.mark.timeout(7200)  # seconds; the long run refreshes about fifty times
EVENING = time(21, 30)  # UTC
Values = dict[tuple[str, str, date], Any]

# KPIs that rest on captures, or on opt-ins that a tool has overwritten since: one refresh cannot make up for those of
# the days before. That daily refreshes have them right, truth says.
CAPTURED = (
    "retargeting_audience_size", "facebook_fans", "affiliates", "partners", "social_interactions",
    "followup_email_open_rate",
)  # fmt: skip
OPTED_IN = ("new_prospects", "cost_per_prospect", "prospect_to_customer_rate")
CAPTURED_PARTS = ("social_interactions", "followup_emails_delivered", "followup_emails_opened")
OPTED_IN_PARTS = ("new_prospects", "prospects_in_cohort", "prospects_converted")
SNAPSHOTS = tuple(
    f"{source}.{name}"
    for source, connector in CONNECTORS.items()
    for name, table in connector.tables.items()
    if table.kind == "snapshots"
)
# An opt-in that was seen once stays, also when somebody opted in again since: the tool shows the last one alone.
FIRST_SEEN = ("mailchimp.members", "mailchimp.opt_ins", "brevo.opt_ins", "klaviyo.profiles")
_NOT_CAPTURED = f"kpi_id not in {CAPTURED}"
_SHOWN_STILL = f"kpi_id not in {CAPTURED + OPTED_IN}"
_PART_SHOWN_STILL = f"part not in {CAPTURED_PARTS + OPTED_IN_PARTS}"
# What daily refreshes hold and one from scratch cannot, table by table: rows or columns left out of the comparison.
ONLY_DAILY_ROWS = {
    "kpi_values": _SHOWN_STILL,
    "kpi_comparisons": _SHOWN_STILL,
    "kpi_coverage": _NOT_CAPTURED,
    "kpi_sources": _NOT_CAPTURED,
    "kpi_by_segment": _SHOWN_STILL,
    "kpi_targets": _SHOWN_STILL,
    "kpi_scorecard": _SHOWN_STILL,
    "fct_daily_parts": _PART_SHOWN_STILL,
    "fct_segments_by_period": _PART_SHOWN_STILL,
    "kpi_whole_periods": "stage not in ('awareness', 'engagement', 'capture', 'levers', 'ascension', 'ambassador')",
    "dim_parts": "part not in ('audience_captures', 'follower_captures', 'affiliates', 'partners', "
    "'social_interactions', 'followup_emails_delivered', 'followup_emails_opened')",
    "dim_part_tables": "part not in ('audience_captures', 'follower_captures', 'affiliates', 'partners', "
    "'social_interactions', 'followup_emails_delivered', 'followup_emails_opened')",
    "fct_followup_emails": "basis != 'event'",
    "dim_source_tables": f"source || '.' || table_name not in {SNAPSHOTS + FIRST_SEEN}",
}
ONLY_DAILY_COLUMNS = {  # of what is captured, and so whether a period is whole
    "kpi_awareness": (
        "is_complete",
        "retargeting_audience_size",
        "retargeting_audience_size_upper",
        "audience_export_users",
    ),
    "kpi_engagement": ("is_complete", "social_interactions"),
    "kpi_capture": ("is_complete", "list_size", "facebook_fans", "new_prospects", "cost_per_prospect"),
    "kpi_levers": ("is_complete", *OPTED_IN_PARTS, "prospect_to_customer_rate"),
    "kpi_ascension": ("is_complete", "followup_emails_opened", "followup_emails_delivered", "followup_email_open_rate"),
    "kpi_ambassador": ("is_complete", "affiliates", "partners"),
    "fct_parts_by_period": CAPTURED_PARTS + OPTED_IN_PARTS,
    # when it was first and last deeply loaded, what the last try gave, and what is held of captures
    "source_health": ("deep_loaded_at", "rows_loaded", "rows_held", "warnings", "new_fields", "newest_day", "quota"),
    "dim_sources": ("first_loaded_at", "deep_loaded_at", "new_fields"),
    # since when an objective is in force, and so when it is to be looked at
    "objectives": ("valid_from", "first_valid_from"),
    "kpi_scorecard": ("review_due_on", "is_review_overdue"),
}
ONLY_DAILY_TABLES = {
    "fct_captures", "fct_captures_by_period", "fct_post_interactions", "fct_prospects",
    "kpi_history", "kpi_reports", "kpi_revisions", "fct_refreshes", "fct_slice_changes", "fct_source_outcomes",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One refresh; `failing` is the source whose vendor is down meanwhile."""

    refresh: Refresh
    failing: str = ""


@dataclass
class Run:
    """A business after all its refreshes, what each of them published, and the same built from scratch."""

    vendors: Running
    world: World
    settings: Settings
    steps: Sequence[Step]
    daily: Places
    fresh: Places
    reported: list[Values] = field(default_factory=list)


def steps(first_day: date, last_day: date, gap: tuple[date, date], failing: date, back_dated: date) -> list[Step]:
    """An evening's refresh per day, but none in the gap; two on the day after it, and at the very end.

    The last proves what the one before has held back: deletions that are unusually many.
    """
    found = []
    for day in (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1)):
        if gap[0] <= day <= gap[1]:
            continue
        evening = datetime.combine(day, EVENING, UTC)
        if day == gap[1] + timedelta(days=1):
            found.append(Step(Refresh(evening - timedelta(hours=9), day - timedelta(days=1))))
        found.append(Step(Refresh(evening, day - timedelta(days=1)), failing="woocommerce" if day == failing else ""))
        if day == back_dated:
            found.append(Step(Refresh(evening + timedelta(hours=1), day - timedelta(days=5))))
    return [*found, Step(Refresh(evening + AGAIN_AFTER, last_day - timedelta(days=1)))]


def carried_out(
    folder: Path, history_start: date, planned: list[Step], scale: float, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    text = (PROJECT / "examples" / "demo" / "parcours.toml").read_text()
    text = re.sub(r"(?m)^(page|report|comment|list|event|line|rating)_rows = .*\n", "", text)
    (folder / "parcours.toml").write_text(text)
    settings = read_settings(folder / "parcours.toml", history_start=history_start)
    last = planned[-1].refresh
    world = generate(first_day=history_start, last_day=last.as_of.date(), scale=scale)
    with running(world) as vendors:
        aim(vendors, monkeypatch)
        run = Run(vendors, world, settings, planned, Places(folder / "daily"), Places(folder / "fresh"))
        for step in planned:
            vendors.set_clock(step.refresh.as_of)
            if step.failing:
                vendors.fault(f"/{step.failing}", "token_expired", times=10_000)
            outcome = refreshed(settings, run.daily, step.refresh)
            vendors.sandbox.faults.clear()
            assert outcome.exit_code == (3 if step.failing else 0), outcome
            run.reported.append(published_values(run.daily.marts))
        assert refreshed(settings, run.fresh, last).exit_code == 0
        yield run


def refreshed(settings: Settings, places: Places, asked: Refresh) -> Outcome:
    return run_refresh(settings, places, asked.through, asked.as_of, [], print)


# The last evening's refresh of each is a deep one: a week, or weeks, after the first or after the gap.
EIGHT_DAYS = steps(
    date(2026, 11, 16), date(2026, 11, 23), gap=(date(2026, 11, 18), date(2026, 11, 19)),
    failing=date(2026, 11, 21), back_dated=date(2026, 11, 22),
)  # fmt: skip
SIXTY_DAYS = steps(
    date(2026, 9, 24), date(2026, 11, 23), gap=(date(2026, 10, 5), date(2026, 10, 18)),
    failing=date(2026, 10, 29), back_dated=date(2026, 11, 10),
)  # fmt: skip


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((date(2026, 9, 1), EIGHT_DAYS, 0.3), id="8 days"),
        pytest.param((date(2026, 6, 1), SIXTY_DAYS, 0.5), id="61 days", marks=pytest.mark.slow),
    ],
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    history_start, planned, scale = request.param
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from carried_out(tmp_path_factory.mktemp("run"), history_start, planned, scale, monkeypatch)


def differences(run: Run) -> dict[str, tuple[int, list[Any]]]:
    """Table → rows that only one of the two published files holds, with some of them, but for what is listed."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{run.daily.marts}' as daily (read_only)")
        connection.execute(f"attach '{run.fresh.marts}' as fresh (read_only)")
        tables = [
            table
            for (table,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'fresh' order by 1"
            ).fetchall()
        ]
        for table in tables:
            if table in ONLY_DAILY_TABLES:
                continue
            left_out = ONLY_DAILY_COLUMNS.get(table, ())
            columns = f"* exclude ({', '.join(left_out)})" if left_out else "*"
            where = ONLY_DAILY_ROWS.get(table, "true")
            daily, fresh = (f"select {columns} from {file}.{table} where {where}" for file in ("daily", "fresh"))
            rows = connection.execute(
                f"select 'daily', * from ({daily} except all {fresh}) "
                f"union all select 'fresh', * from ({fresh} except all {daily})"
            ).fetchall()
            if rows:
                found[table] = (len(rows), rows[:4])
    return found


def test_daily_refreshes_leave_what_one_from_scratch_leaves(run: Run) -> None:
    found = differences(run)
    assert not found, "\n".join(f"{table}: {count} rows, e.g. {rows}" for table, (count, rows) in found.items())


def test_daily_refreshes_leave_a_warehouse_of_at_most_1_3_times_one_from_scratch(run: Run, tmp_path: Path) -> None:
    def size(path: Path) -> int:
        return path.stat().st_size

    def without_models(places: Places) -> int:
        copy = tmp_path / f"{places.data.name}.duckdb"
        with duckdb.connect(str(places.warehouse), read_only=True) as connection:
            kept.copy(connection, places.warehouse.stem, copy)
        return size(copy)

    history = without_models(run.daily) - without_models(run.fresh)
    assert size(run.daily.warehouse) <= 1.3 * (size(run.fresh.warehouse) + history)


def test_what_daily_refreshes_captured_is_true(run: Run) -> None:
    true = truth(run.world, [step.refresh for step in run.steps], business(run.settings))
    found, compared = compare(published_values(run.daily.marts), true)
    assert not found, summary(found)
    assert compared["social_interactions", "day"] and compared["facebook_fans", "day"]


def test_every_published_value_that_changed_is_a_revision_with_its_cause(run: Run) -> None:
    expected = set()
    for before, after, step in zip(run.reported, run.reported[1:], run.steps[1:], strict=False):
        for key, value in before.items():
            if value is not None and after.get(key) != value:
                expected.add((*key, step.refresh.as_of, value, after.get(key)))
    with duckdb.connect(str(run.daily.marts), read_only=True) as marts:
        marts.execute("set timezone = 'UTC'")
        rows = marts.execute(
            "select kpi_id, grain, period_start, changed_at, value_before, value_after from kpi_revisions "
            "where value_before is distinct from value_after"
        ).fetchall()
        causes = dict(marts.execute("select cause, count(*) from kpi_revisions group by 1").fetchall())
    assert {(*row[:3], row[3].astimezone(UTC), *row[4:]) for row in rows} == expected
    assert expected
    assert "definition" not in causes


def test_what_was_reported_then_can_be_asked_now(run: Run) -> None:
    with duckdb.connect(str(run.daily.marts), read_only=True) as marts:
        for step, reported in zip(run.steps, run.reported, strict=True):
            rows = marts.execute(
                "select kpi_id, grain, period_start, value from kpi_history "
                "where reported_from <= $1 and (reported_until is null or reported_until > $1)",
                [step.refresh.as_of],
            ).fetchall()
            assert {(kpi, grain, day): value for kpi, grain, day, value in rows} == reported


def test_the_queries_of_the_documentation_answer(run: Run) -> None:
    text = (
        (PROJECT / "docs" / "history.md")
        .read_text()
        .replace("2026-05-01", "2026-11-01")
        .replace("2026-06-04", "2026-11-23")
    )
    reported, moved = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    with duckdb.connect(str(run.daily.marts), read_only=True) as marts:
        then = dict(row[:2] for row in marts.execute(reported).fetchall())
        rows = marts.execute(moved).fetchall()
    midnight = datetime(2026, 11, 22, 22, tzinfo=UTC)
    before = [values for step, values in zip(run.steps, run.reported, strict=True) if step.refresh.as_of < midnight][-1]
    assert then == {
        kpi: value for (kpi, grain, day), value in before.items() if (grain, day) == ("month", date(2026, 11, 1))
    }
    assert {row[-1] for row in rows} >= {"facebook_ads"}
