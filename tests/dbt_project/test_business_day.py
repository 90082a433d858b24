"""The day of an instant in a zone: as Python's zoneinfo says, also where clocks change or a whole day is left out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.connector import Plan
from tests.dbt_project.calendars import days_between, examples
from tests.dbt_project.models import Models, expression

ZONES = (
    *("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Auckland"),
    "Australia/Lord_Howe",  # its clock changes by half an hour
    *("America/Sao_Paulo", "America/Havana"),  # changed at midnight: some days begin at one o'clock
    "Pacific/Apia",  # had no 30 December 2011
)
LEFT_OUT = ("Pacific/Apia", date(2011, 12, 30))
YEARLY = ("Europe/Paris", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe")
CHANGES = {**dict.fromkeys(YEARLY, (41, 41)), **dict.fromkeys(("UTC", "Asia/Kolkata", "Asia/Kathmandu"), (0, 0))}
FIRST_YEAR, LAST_YEAR = 2000, 2040
MICROSECOND = timedelta(microseconds=1)
INSTANTS = {"instant": pa.timestamp("us", "UTC"), "time_zone": pa.string()}
Instant = tuple[datetime, str]


@pytest.fixture(scope="session")
def day_sql(dbt_target: Path) -> str:
    return expression("{{ business_day('instants.instant', 'instants.time_zone') }}", dbt_target)


def days_said(models: Models, day_sql: str, instants: list[Instant]) -> list[date]:
    """What the macro makes of each."""
    models.given("instants", INSTANTS, instants)
    return [day for (day,) in models.rows(f"select {day_sql} from instants")]


def days_true(instants: list[Instant]) -> list[date]:
    return [instant.astimezone(ZoneInfo(zone)).date() for instant, zone in instants]


@cache
def changes(zone: str) -> tuple[tuple[datetime, timedelta], ...]:
    """Every change of a zone's clock, to the minute, and by how much it goes forward."""
    found = []
    for day in days_between(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)):
        before = datetime(day.year, day.month, day.day, tzinfo=UTC)
        after = before + timedelta(days=1)
        change = _offset(after, zone) - _offset(before, zone)
        if change:
            while after - before > timedelta(minutes=1):
                middle = before + (after - before) // timedelta(minutes=2) * timedelta(minutes=1)
                if _offset(middle, zone) == _offset(before, zone):
                    before = middle
                else:
                    after = middle
            found.append((after, change))
    return tuple(found)


def _offset(instant: datetime, zone: str) -> timedelta:
    return instant.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()


def around(change: datetime) -> Iterator[datetime]:
    """A change, the instant before it, and every ten minutes of more than a day on each side."""
    yield change - MICROSECOND
    for minutes in range(-26 * 60, 26 * 60 + 1, 10):
        yield change + timedelta(minutes=minutes)


@st.composite
def instants(draw: st.DrawFn) -> Instant:
    """Any instant, or one within two hours of a clock change."""
    zone = draw(st.sampled_from(ZONES))
    is_near_a_change = draw(st.booleans())
    if is_near_a_change and changes(zone):
        by = draw(st.timedeltas(timedelta(hours=-2), timedelta(hours=2)))
        return draw(st.sampled_from(changes(zone)))[0] + by, zone
    since, years = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), timedelta(days=365 * (LAST_YEAR - FIRST_YEAR))
    return since + draw(st.timedeltas(timedelta(), years)), zone


@pytest.mark.parametrize("zone", ZONES)
def test_around_every_clock_change(models: Models, day_sql: str, zone: str) -> None:
    found = changes(zone)
    forward = sum(by > timedelta() for _, by in found)
    assert (forward, len(found) - forward) == CHANGES.get(zone, (forward, len(found) - forward))
    asked = [(instant, zone) for change, _ in found for instant in around(change)]
    assert days_said(models, day_sql, asked) == days_true(asked)


@examples(60)
@given(st.lists(instants(), min_size=1, max_size=60))
def test_at_any_instant(models: Models, day_sql: str, asked: list[Instant]) -> None:
    assert days_said(models, day_sql, asked) == days_true(asked)


@pytest.mark.parametrize("zone", ZONES)
def test_a_load_asks_from_the_very_instant_at_which_the_business_day_begins(
    models: Models, day_sql: str, zone: str
) -> None:
    plan = Plan(datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), ZoneInfo(zone), ())
    days = [day for day in days_between(date(2004, 1, 1), date(2032, 12, 31)) if (zone, day) != LEFT_OUT]
    starts = [plan.start(day) for day in days]
    assert days_said(models, day_sql, [(start, zone) for start in starts]) == days
    before = days_said(models, day_sql, [(start - MICROSECOND, zone) for start in starts])
    assert before[1:] == days[:-1]
