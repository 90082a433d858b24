"""A business in another zone and calendar than its vendors': every KPI, grain and period still equals what happened."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from flows.catalog import kpis
from flows.places import PROJECT, Places
from flows.refresh import run_refresh
from pipelines.settings import Settings, read_settings
from sandbox.server import running
from sandbox.truth import Key, Refresh, Value, truth
from sandbox.world import generate
from tests.aiming import aim
from tests.end_to_end.comparison import FED, GRAINS, compare, published_values, summary
from tests.end_to_end.comparisons import At, Row, published_comparisons, told, true_comparisons, wrong
from tests.end_to_end.conftest import business


@dataclass(frozen=True)
class Calendar:
    """Where and when a business lives; the vendors' accounts stay in Paris and New York."""

    time_zone: str
    week_start: str
    currency: str
    first_day: date
    last_day: date
    refreshes: tuple[Refresh, ...]


# New year inside a week, a leap day, and clocks put forward: on 10 March there, on 31 March in Paris.
LAST_EVENING = Refresh(datetime(2024, 4, 5, 5, 30, tzinfo=UTC), date(2024, 4, 4))  # 22:30 on 4 April there
LOS_ANGELES = Calendar(
    "America/Los_Angeles", "sunday", "USD", date(2023, 12, 20), date(2024, 4, 5), (LAST_EVENING,)
)  # fmt: skip
# A capture in the evening of the leap day there, when it is March everywhere else.
LEAP_EVENING = Refresh(datetime(2024, 3, 1, 5, 30, tzinfo=UTC), date(2024, 2, 28))
LOS_ANGELES_TWICE = replace(LOS_ANGELES, refreshes=(LEAP_EVENING, LAST_EVENING))
# Half a day ahead of the vendors; its clock goes half an hour forward on 1 October, before theirs go back.
LORD_HOWE = Calendar(
    "Australia/Lord_Howe", "monday", "GBP", date(2023, 9, 20), date(2023, 11, 20),
    (
        Refresh(datetime(2023, 10, 31, 14, 0, tzinfo=UTC), date(2023, 10, 31)),  # 1 November there
        Refresh(datetime(2023, 11, 20, 11, 30, tzinfo=UTC), date(2023, 11, 20)),
        Refresh(datetime(2023, 11, 20, 12, 30, tzinfo=UTC), date(2023, 11, 20)),  # proves what the vendors deleted
    ),
)  # fmt: skip
WITHOUT_VALUE = "purchase_frequency"  # needs 365 loaded days
SCALE = 0.2


@dataclass(frozen=True)
class Refreshed:
    """What the refreshes left, and what was true."""

    calendar: Calendar
    places: Places
    true: dict[Key, Value]
    true_comparisons: dict[At, Row]


def settings_of(calendar: Calendar, folder: Path) -> Settings:
    """The demo's, moved; whoever keeps its spreadsheets writes times of Paris."""
    text = (PROJECT / "examples" / "demo" / "parcours.toml").read_text(encoding="utf-8")
    text, found = re.subn(r"(?m)^\[sources\.files\]$", '[sources.files]\ntime_zone = "Europe/Paris"', text)
    assert found == 1
    path = folder / "parcours.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(
        path,
        history_start=calendar.first_day,
        time_zone=calendar.time_zone,
        week_start=calendar.week_start,
        currency=calendar.currency,
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(LOS_ANGELES, id="Los_Angeles"),
        pytest.param(LOS_ANGELES_TWICE, id="Los_Angeles_twice", marks=pytest.mark.slow),
        pytest.param(LORD_HOWE, id="Lord_Howe", marks=pytest.mark.slow),
    ],
)
def refreshed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refreshed]:
    calendar: Calendar = request.param
    folder = tmp_path_factory.mktemp("other_calendar")
    places = Places(folder / "data")
    world = generate(first_day=calendar.first_day, last_day=calendar.last_day, scale=SCALE)
    with running(world) as vendors, pytest.MonkeyPatch.context() as monkeypatch:
        aim(vendors, monkeypatch)
        settings = settings_of(calendar, folder)
        for refresh in calendar.refreshes:
            vendors.set_clock(refresh.as_of)
            outcome = run_refresh(settings, places, refresh.through, refresh.as_of, [], print)
            assert outcome.exit_code == 0, outcome
    owner = business(settings)
    true = truth(world, calendar.refreshes, owner)
    yield Refreshed(calendar, places, true, true_comparisons(world, calendar.refreshes, owner, places.marts))


def test_every_kpi_equals_truth_at_every_grain_and_period(
    refreshed: Refreshed, record_property: Callable[[str, object], None]
) -> None:
    differences, compared = compare(published_values(refreshed.places.marts), refreshed.true)
    record_property("values compared with truth", sum(compared.values()))
    assert not differences, summary(differences)
    assert {kpi for kpi in FED for grain in GRAINS if not compared[kpi, grain]} == {WITHOUT_VALUE}


def test_every_comparison_equals_truth(refreshed: Refreshed) -> None:
    found = wrong(published_comparisons(refreshed.places.marts), refreshed.true_comparisons)
    assert not found, told(found)


def test_weeks_begin_on_the_chosen_day_and_money_is_in_the_chosen_currency(refreshed: Refreshed) -> None:
    calendar = refreshed.calendar
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        weeks = marts.execute("select distinct period_start from kpi_values where grain = 'week'").fetchall()
        units = marts.execute("select distinct unit from kpi_values where kpi_id = 'average_basket'").fetchall()
    assert {f"{first:%A}".lower() for (first,) in weeks} == {calendar.week_start}
    assert units == [(calendar.currency,)]


def test_another_zone_moves_exactly_what_the_catalogue_dates_by_business_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_URL", "http://localhost")
    world = generate(first_day=LORD_HOWE.first_day, last_day=LORD_HOWE.last_day, scale=SCALE)
    there = business(settings_of(LORD_HOWE, tmp_path))
    here = truth(world, LORD_HOWE.refreshes, replace(there, time_zone="Europe/Paris"))
    values = {
        (key.kpi_id, key.grain, key.period_start): None if one.value is None else float(one.value)
        for key, one in here.items()
    }
    differences, _ = compare(values, truth(world, LORD_HOWE.refreshes, there))
    stay = {kpi.kpi_id for kpi in kpis() if kpi.declared["days_of"] == "account"}
    assert {one.kpi_id for one in differences} == {kpi.kpi_id for kpi in kpis()} - stay - {WITHOUT_VALUE}
