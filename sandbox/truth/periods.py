"""The business's calendar: days of instants, and the periods that hold a loaded day."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

GRAINS = ("day", "week", "month", "quarter", "year")
ONE_DAY = timedelta(days=1)
Amount = TypeVar("Amount", int, Decimal)
Capture = tuple[date, int]


@dataclass(frozen=True)
class Period:
    """A calendar period, `start` to `end`, of which the days `first` to `last` are loaded."""

    grain: str
    start: date
    end: date
    first: date
    last: date

    def days(self) -> Iterator[date]:
        """The loaded days."""
        return days_between(self.first, self.last)

    def total(self, by_day: Mapping[date, Amount]) -> Amount | int:
        """The sum over the loaded days."""
        return sum(by_day[day] for day in self.days() if day in by_day)

    def calendar_total(self, by_day: Mapping[date, int]) -> int:
        """The sum over all the period's days, loaded or not: for what our own captures are dated by."""
        return sum(by_day.get(day, 0) for day in days_between(self.start, self.end))

    def stock(self, captures_of: Mapping[str, list[Capture]]) -> int | None:
        """The sum of everyone's last capture in the period, open or not; None if one has none."""
        last = [
            [amount for day, amount in captures if self.start <= day <= self.end][-1:]
            for captures in captures_of.values()
        ]
        return sum(amounts[0] for amounts in last) if last and all(last) else None


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included."""
    return (first + ONE_DAY * number for number in range((last - first).days + 1))


def periods(history_start: date, through: date, week_start: str) -> list[Period]:
    """Every period of every grain that has a day between the two."""
    found = []
    for grain in GRAINS:
        start = _start(grain, history_start, week_start)
        while start <= through:
            end = _next(grain, start) - ONE_DAY
            found.append(Period(grain, start, end, max(start, history_start), min(end, through)))
            start = end + ONE_DAY
    return found


@dataclass(frozen=True)
class Earlier:
    """What a period is held against: itself, the comparison's name, and the days of the earlier period."""

    period: Period
    comparison: str
    other: Period


def earlier_periods(history_start: date, through: date, week_start: str) -> list[Earlier]:
    """The one before and last year's of every period, and of an open one as many of their first days as it has had.

    Last year's day or week is the one of the same weekday, 52 weeks earlier. First days that are not all loaded are
    none; a whole period is one that has a loaded day.
    """
    found = []
    known = periods(history_start, through, week_start)
    by_start = {(one.grain, one.start): one for one in known}
    for one in known:
        year_before = (
            one.start - 364 * ONE_DAY if one.grain in ("day", "week") else one.start.replace(year=one.start.year - 1)
        )
        for name, start in (
            ("previous", _start(one.grain, one.start - ONE_DAY, week_start)),
            ("last_year", year_before),
        ):
            if (one.grain, start) in by_start:
                whole = "previous_period" if name == "previous" else name
                found.append(Earlier(one, whole, by_start[one.grain, start]))
            days = list(days_between(start, _next(one.grain, start) - ONE_DAY))[: len(list(one.days()))]
            if one.end > through and start >= history_start:
                part = Period(f"{name}_{one.grain}_to_date", start, days[-1], start, days[-1])
                found.append(Earlier(one, f"{name}_to_date", part))
    return found


def _start(grain: str, day: date, week_start: str) -> date:
    if grain == "week":
        return day - ONE_DAY * ((day.weekday() + (week_start == "sunday")) % 7)
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1) if grain == "year" else day


def _next(grain: str, start: date) -> date:
    if grain in ("day", "week"):
        return start + ONE_DAY * (7 if grain == "week" else 1)
    month = start.month - 1 + {"month": 1, "quarter": 3, "year": 12}[grain]
    return start.replace(year=start.year + month // 12, month=month % 12 + 1)


def local_day(time_zone: str) -> Callable[[datetime], date]:
    """The function that gives an instant's day in a zone."""
    zone = ZoneInfo(time_zone)
    return lambda instant: instant.astimezone(zone).date()
