"""How objectives are shown, and how a review of one is kept; the demo's, whenever it runs."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from app.demo import settings_of
from flows import business_tables, objectives
from flows.places import Places
from pipelines.plan import Asked
from pipelines.settings import read_settings
from tests.app.commands import BUSINESS, run, words
from tests.pipelines.test_objectives import OBJECTIVE, PATH

MARTS = """
create table dim_business as select 'EUR' as reporting_currency;
create table dim_stages as select 'capture' as stage, 3 as position union all select 'awareness', 1;
create table kpi_catalog as
select 'cost_per_prospect' as kpi_id, 'Coût' as label_fr, 'Cost [per] prospect' as label_en, 'money' as unit
union all select 'bounce_rate', 'Taux', 'Bounce rate', 'rate';
create table objectives as
select
    'old' as objective_id, false as is_current, 'Gone.' as sentence, 'nps' as serves, '' as contributors,
    'weekly' as review_cadence, 1 as version, date '2026-01-01' as valid_from
union all select 'cost', true, 'Spend [less].', 'new_prospects', 'Bob', 'weekly', 2, date '2026-02-01'
union all select 'stay', true, 'Stay longer.', 'north_star', '', 'monthly', 1, date '2026-01-01';
create table kpi_scorecard as
select
    'cost' as objective_id, 'capture' as stage, 'cost_per_prospect' as kpi_id, 1 as position, 40.0 as target_value,
    date '2026-06-30' as target_day, 51.254::double as latest_value, 50.0 as expected_value, true as is_provisional,
    'at risk' as status, 'Alice' as owner, date '2026-03-02' as review_due_on, true as is_review_overdue
union all
select 'stay', 'awareness', 'bounce_rate', 1, 0.3, date '2026-12-31', null, null, false, 'no data', 'Eve',
    date '2026-04-01', false
"""


@pytest.fixture
def published(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as marts:
        marts.execute(MARTS)
    return tmp_path


def test_objectives_come_along_the_journey_with_what_was_expected(published: Path) -> None:
    lines = [" ".join(line.split()) for line in run("objectives", "--data", published).stdout.splitlines()]
    assert [line for line in lines if line.startswith(("cost", "stay"))] == [
        "stay Bounce rate – – 30.00% 2026-12-31 no data Eve 2026-04-01",
        "cost Cost [per] prospect ~51.25 50 40 2026-06-30 at risk Alice 2026-03-02 overdue",
        "stay: Stay longer.",
        "cost: Spend [less].",
    ]


def test_objectives_as_json_are_what_the_file_holds(published: Path) -> None:
    found = json.loads(run("objectives", "--format", "json", "--data", published).stdout)
    assert [(row["objective_id"], row["sentence"], row["version"], row["unit"]) for row in found] == [
        ("stay", "Stay longer.", 1, "rate"),
        ("cost", "Spend [less].", 2, "EUR"),
    ]
    assert (found[1]["latest_value"], found[1]["review_due_on"], found[0]["latest_value"]) == (
        51.254,
        "2026-03-02",
        None,
    )


def test_without_objectives_it_is_said_how_to_have_some(published: Path) -> None:
    with duckdb.connect(str(published / "marts.duckdb")) as marts:
        marts.execute("delete from kpi_scorecard")
    assert "No objective is in force. Write one into parcours.toml" in run("objectives", "--data", published).stdout
    assert json.loads(run("objectives", "--format", "json", "--data", published).stdout) == []


def test_a_file_that_is_missing_or_of_before_is_told_from_one_without_objectives(marts: Path, tmp_path: Path) -> None:
    said = run("objectives", "--data", marts).stderr
    assert said == (
        f"Error: {marts}/marts.duckdb was published by an older version and lacks what is asked for."
        " Publish it anew: parcours refresh\n"
    )
    assert "does not exist yet" in run("objectives", "--data", tmp_path / "none").stderr


def test_a_review_is_kept_without_the_identity_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "parcours.toml"
    path.write_text(BUSINESS + OBJECTIVE + PATH)
    settings, as_of = read_settings(path), datetime(2026, 3, 20, tzinfo=UTC)
    asked = Asked(as_of.date(), as_of, settings.business.zone, settings.business.history_start)
    business_tables.write(Places(tmp_path), settings, asked, "defined")
    monkeypatch.delenv("PARCOURS_IDENTITY_KEY")
    at = ("--as-of", "2026-03-21T10:00:00+01:00", "--data", tmp_path)
    result = run("objective", "review", "prospects", "--note", "On our way.", *at)
    assert (result.exit_code, result.stdout[:5]) == (0, "Kept.")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as warehouse:
        warehouse.execute("set timezone = 'UTC'")
        [(name, moment, note)] = warehouse.execute("from raw_parcours.objective_reviews").fetchall()
    assert (name, moment.astimezone(UTC), note) == ("prospects", datetime(2026, 3, 21, 9, tzinfo=UTC), "On our way.")
    result = run("objective", "review", "prospect", "--note", "Late.", *at)
    assert result.exit_code == 1
    assert "did you mean prospects?" in words(result.stderr)


def test_the_help_of_a_review_has_examples() -> None:
    said = words(run("objective", "review", "--help").stdout)
    assert 'parcours objective review prospects --note "On our way; the guide is online."' in said


@pytest.mark.parametrize(
    ("now", "days"),  # a path from a year ago to the end of next month, and a note of two months ago
    [
        (datetime(2026, 11, 23, tzinfo=UTC), (date(2025, 11, 1), date(2026, 12, 31), date(2026, 9, 7))),
        (datetime(2027, 3, 1, tzinfo=UTC), (date(2026, 3, 1), date(2027, 4, 30), date(2027, 1, 7))),
    ],
)
@pytest.mark.parametrize("months", [3, 13])
def test_the_demo_wants_the_same_whenever_it_runs(now: datetime, months: int, days: tuple[date, ...]) -> None:
    settings = settings_of(months, now)
    assert list(objectives.faults(settings)) == []
    assert {objective.stage for objective in settings.objectives} == {
        *("awareness", "engagement", "capture", "conversion", "experience", "ascension", "fan", "ambassador")
    }
    visitors = settings.objectives[0].kpis[0]
    assert (visitors.start_day, visitors.target_day, settings.annotations[-1].day) == days
