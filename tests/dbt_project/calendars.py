"""Calendars at random, most of them where calendars are odd, and what Python's own calendar says about them."""

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from tests.dbt_project.models import Models

GRAINS = ("day", "week", "month", "quarter", "year")
CALENDARS_OWN = "not ends_with(grain, '_to_date')"
ONE_DAY = timedelta(days=1)
Made = TypeVar("Made")
Period = tuple[str, date]  # grain and first day
# Leap days there and not there (1900 and 2100 have none, 2000 has), years of 52 and of 53 ISO weeks, years that begin
# on each day of the week.
ODD_DAYS = [date(year, 2, 28) for year in (1900, 2000, 2024, 2026, 2028, 2100)] + [
    date(year, 12, 28) for year in (2015, 2020, 2022, 2023, 2024, 2025, 2026, 2027, 2028, 2032)
]
BUSINESS = {
    "week_start": pa.string(),
    "history_start": pa.date32(),
    "through": pa.date32(),
    "as_of_day": pa.date32(),
}


def examples(number: int) -> settings:
    """The same examples everywhere and always, however slow the machine."""
    return settings(max_examples=number, derandomize=True)


@dataclass(frozen=True)
class Calendar:
    """What a business says of its days."""

    week_start: str
    history_start: date
    through: date
    as_of_day: date  # of the last refresh, which may take captures of days after `through`

    def days(self) -> list[date]:
        """Every day up to the last refresh."""
        return list(days_between(self.history_start, self.as_of_day))

    def loaded_days(self) -> list[date]:
        """Every day of which events are loaded."""
        return list(days_between(self.history_start, self.through))


@st.composite
def calendars(draw: st.DrawFn, shortest: int = 0, longest: int = 500) -> Calendar:
    """A business of so many loaded days, more often than not over an odd day."""
    near = st.builds(lambda day, back: day - ONE_DAY * back, st.sampled_from(ODD_DAYS), st.integers(0, 10))
    first = draw(st.one_of(near, st.dates(date(1900, 1, 1), date(2101, 1, 1))))
    through = first + ONE_DAY * draw(st.integers(shortest, longest))
    as_of_day = through + ONE_DAY * draw(st.integers(0, 9))
    return Calendar(draw(st.sampled_from(("monday", "sunday"))), first, through, as_of_day)


def with_calendar(
    some: st.SearchStrategy[Calendar], rows: Callable[[Calendar], st.SearchStrategy[Made]]
) -> st.SearchStrategy[tuple[Calendar, Made]]:
    """A calendar, and what is made to fit it."""
    return some.flatmap(lambda calendar: st.tuples(st.just(calendar), rows(calendar)))


def cut(models: Models, calendar: Calendar) -> None:
    """Let the models cut a calendar into periods."""
    said = (calendar.week_start, calendar.history_start, calendar.through, calendar.as_of_day)
    models.given("intermediate.int_business", BUSINESS, [said])
    models.built("int_days", "dim_period_days", "dim_periods")


def days_between(first: date, last: date) -> Iterator[date]:
    """Both included."""
    return (first + ONE_DAY * number for number in range((last - first).days + 1))


def bounds(grain: str, day: date, week_start: str) -> tuple[date, date]:
    """First and last calendar day of the period that holds a day."""
    if grain == "week":
        iso = day.isocalendar()
        monday = date.fromisocalendar(iso.year, iso.week, 1)
        if week_start == "sunday":  # belongs to the week of the Monday after it
            monday = monday - ONE_DAY if iso.weekday < 7 else day
        return monday, monday + ONE_DAY * 6
    if grain == "day":
        return day, day
    first, last = {
        "month": (day.month, day.month),
        "quarter": ((day.month + 2) // 3 * 3 - 2, (day.month + 2) // 3 * 3),
        "year": (1, 12),
    }[grain]
    return date(day.year, first, 1), date(day.year, last, monthrange(day.year, last)[1])


def days_of(calendar: Calendar, days: list[date]) -> dict[Period, list[date]]:
    """Which of the days each period holds; only periods that have begun by the last loaded day."""
    found: dict[Period, list[date]] = {}
    for grain in GRAINS:
        for day in days:
            start, _ = bounds(grain, day, calendar.week_start)
            if start <= calendar.through:
                found.setdefault((grain, start), []).append(day)
    return found


def earlier_parts(calendar: Calendar) -> dict[Period, list[date]]:
    """The days that an open period is compared with, one by one: as many of each earlier one as it has had itself."""
    found: dict[Period, list[date]] = {}
    for grain in GRAINS[1:]:
        start, end = bounds(grain, calendar.through, calendar.week_start)
        if end == calendar.through:
            continue
        had = (calendar.through - start).days + 1
        year_before = start - ONE_DAY * 364 if grain == "week" else date(start.year - 1, start.month, 1)
        for name, day in (("previous", start - ONE_DAY), ("last_year", year_before)):
            first, last = bounds(grain, day, calendar.week_start)
            if first >= calendar.history_start:
                found[f"{name}_{grain}_to_date", first] = list(days_between(first, last))[:had]
    return found


def by_period(models: Models, table: str, columns: str, where: str = CALENDARS_OWN) -> dict[Period, Any]:
    """(grain, first day) → the values of some columns, or of the one; of the calendar's own periods unless told."""
    rows = models.rows(f"select grain, period_start, {columns} from {table} where {where}")
    found = {(row[0], row[1]): row[2] if len(row) == 3 else row[2:] for row in rows}
    assert len(found) == len(rows), f"{table} holds a period twice"
    return found
