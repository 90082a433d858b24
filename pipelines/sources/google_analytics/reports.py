"""What is asked of Google Analytics: the reports as data, and the periods that they are asked for.

Names: https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from google.analytics.data_v1beta import types

MATCH = types.Filter.StringFilter.MatchType
# What Google's own channel rules call paid.
PAID_MEDIUM = r".*cp.*|ppc|retargeting|paid.*"
ONE_DAY = timedelta(days=1)
GRAINS = ("week", "month", "quarter", "year")
USERS = ("totalUsers", "activeUsers", "sessions")


@dataclass(frozen=True)
class PeriodReport:
    """A report without dimensions, asked per period, since its counts cannot be added up."""

    name: str
    metrics: tuple[str, ...]
    filters: tuple[types.FilterExpression, ...] = ()
    settings: tuple[str, ...] = field(default=())  # what shaped the filters; a change asks the history again

    @property
    def definition(self) -> str:
        """The report's name and a hash of the settings behind it."""
        text = json.dumps([self.metrics, self.settings])
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def expression(self) -> types.FilterExpression | None:
        """All filters together."""
        if not self.filters:
            return None
        return types.FilterExpression(and_group=types.FilterExpressionList(expressions=list(self.filters)))


def period_reports(
    source_groups: dict[str, str], capture_pages: list[str], lead_event: str
) -> tuple[PeriodReport, ...]:
    """Every report that is asked per period."""
    landed = _is_one_of("landingPage", capture_pages)
    pages = tuple(sorted(capture_pages))
    reports = [
        PeriodReport(
            "site",
            (
                "totalUsers",
                "activeUsers",
                "newUsers",
                "sessions",
                "engagedSessions",
                "userEngagementDuration",
                "averageSessionDuration",
                "ecommercePurchases",  # to compare the report by transaction with
            ),
        ),
        PeriodReport("landing:capture", ("sessions",), (landed,), pages),
        PeriodReport(
            "landing:capture:lead", ("sessions",), (landed, is_exactly("eventName", lead_event)), (*pages, lead_event)
        ),
        PeriodReport("landing:not_set", ("sessions",), (is_exactly("landingPage", "(not set)"),)),
        PeriodReport("event:purchase", ("sessions",), (is_exactly("eventName", "purchase"),)),
        PeriodReport("event:add_to_cart", ("sessions",), (is_exactly("eventName", "add_to_cart"),)),
    ]
    paid = _matches("sessionMedium", PAID_MEDIUM)
    for group, pattern in source_groups.items():
        of_group = _matches("sessionSource", pattern)
        reports += [
            PeriodReport(f"source:{group}", USERS, (of_group,), (pattern,)),
            PeriodReport(f"source:{group}:paid", USERS, (of_group, paid), (pattern, PAID_MEDIUM)),
            PeriodReport(f"source:{group}:organic", USERS, (of_group, _not(paid)), (pattern, PAID_MEDIUM)),
        ]
    return tuple(reports)


def is_exactly(name: str, value: str) -> types.FilterExpression:
    """A filter: the dimension has this value, to the letter."""
    exact = types.Filter.StringFilter(value=value, match_type=MATCH.EXACT, case_sensitive=True)
    return types.FilterExpression(filter=types.Filter(field_name=name, string_filter=exact))


def _is_one_of(name: str, values: list[str]) -> types.FilterExpression:
    listed = types.Filter.InListFilter(values=values, case_sensitive=True)
    return types.FilterExpression(filter=types.Filter(field_name=name, in_list_filter=listed))


def _matches(name: str, pattern: str) -> types.FilterExpression:
    whole = types.Filter.StringFilter(value=pattern, match_type=MATCH.FULL_REGEXP, case_sensitive=False)
    return types.FilterExpression(filter=types.Filter(field_name=name, string_filter=whole))


def _not(expression: types.FilterExpression) -> types.FilterExpression:
    return types.FilterExpression(not_expression=expression)


@dataclass(frozen=True)
class Period:
    """One calendar period, asked through `last_day`, its own end or the refresh's."""

    grain: str
    first_day: date
    last_day: date


def periods(first_day: date, last_day: date, week_start: str) -> Iterator[Period]:
    """Every week, month, quarter and year that touches the days, each from its calendar start."""
    for grain in GRAINS:
        start = _start(grain, first_day, week_start)
        while start <= last_day:
            following = _following(grain, start)
            yield Period(grain, start, min(following - ONE_DAY, last_day))
            start = following


def earlier_parts(last_day: date, history_start: date, week_start: str) -> list[Period]:
    """What each period that is open on the last day is compared with: as many first days of the one before and of last
    year's, where these lie in history."""
    found = []
    for grain in GRAINS:
        start = _start(grain, last_day, week_start)
        if _following(grain, start) == last_day + ONE_DAY:
            continue
        before = {
            "previous": _start(grain, start - ONE_DAY, week_start),
            # of a week the one with the same weekdays
            "last_year": start - 52 * timedelta(weeks=1) if grain == "week" else start.replace(year=start.year - 1),
        }
        for name, first in before.items():
            last = min(first + (last_day - start), _following(grain, first) - ONE_DAY)
            if first >= history_start:
                found.append(Period(f"{name}_{grain}_to_date", first, last))
    return found


def _start(grain: str, day: date, week_start: str) -> date:
    if grain == "week":
        return day - timedelta(days=(day.weekday() + (1 if week_start == "sunday" else 0)) % 7)
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(day.year, 1, 1)


def _following(grain: str, start: date) -> date:
    if grain == "week":
        return start + timedelta(days=7)
    months = start.year * 12 + start.month - 1 + {"month": 1, "quarter": 3, "year": 12}[grain]
    return date(months // 12, months % 12 + 1, 1)
