"""Whatever the calendar, the models cut it as Python's own does."""

from datetime import date
from itertools import groupby, pairwise

from hypothesis import example, given

from pipelines.sources.google_analytics.reports import periods as asked_of_google
from tests.dbt_project.calendars import (
    GRAINS,
    ONE_DAY,
    Calendar,
    bounds,
    by_period,
    calendars,
    cut,
    days_between,
    days_of,
    examples,
)
from tests.dbt_project.models import Models

NEW_YEAR = Calendar("monday", date(2020, 12, 20), date(2021, 1, 10), date(2021, 1, 11))  # 2020 has a week 53
LEAP_DAY = Calendar("sunday", date(2024, 2, 27), date(2024, 2, 29), date(2024, 3, 1))


@examples(60)
@given(calendars())
@example(NEW_YEAR)
@example(LEAP_DAY)
def test_every_day_is_in_exactly_one_period_of_each_grain(models: Models, calendar: Calendar) -> None:
    cut(models, calendar)
    found = models.rows("select grain, date_day, period_start, period_end from marts.dim_period_days order by 1, 2, 3")
    expected = [
        (grain, day, *bounds(grain, day, calendar.week_start))
        for grain in sorted(GRAINS)
        for day in calendar.days()
        if bounds(grain, day, calendar.week_start)[0] <= calendar.through
    ]
    assert found == expected
    loaded = [(grain, day) for grain, day, _, _ in found if day <= calendar.through]
    assert loaded == [(grain, day) for grain in sorted(GRAINS) for day in calendar.loaded_days()]


@examples(60)
@given(calendars())
@example(NEW_YEAR)
@example(LEAP_DAY)
def test_the_periods_of_a_grain_tile_the_calendar(models: Models, calendar: Calendar) -> None:
    cut(models, calendar)
    rows = models.rows("select grain, period_start, period_end from marts.dim_periods order by 1, 2")
    of_grain = {grain: [row[1:] for row in group] for grain, group in groupby(rows, key=lambda row: row[0])}
    assert set(of_grain) == set(GRAINS)
    for spans in of_grain.values():
        assert spans[0][0] <= calendar.history_start <= spans[0][1]
        assert spans[-1][0] <= calendar.through <= spans[-1][1]
        assert all(after[0] == before[1] + ONE_DAY for before, after in pairwise(spans))


@examples(60)
@given(calendars())
@example(NEW_YEAR)
@example(LEAP_DAY)
def test_a_week_has_seven_days_and_begins_on_the_chosen_one(models: Models, calendar: Calendar) -> None:
    cut(models, calendar)
    weeks = models.rows("select period_start, period_end from marts.dim_periods where grain = 'week'")
    for first, last in weeks:
        days = list(days_between(first, last))
        assert len(days) == 7
        assert f"{first:%A}".lower() == calendar.week_start
        numbers = [day.isocalendar()[:2] for day in days]
        # An ISO week, new year or not; one from Sunday on is a Sunday and the six days of the next ISO week.
        assert len(set(numbers[1:])) == 1
        assert (numbers[0] == numbers[1]) == (calendar.week_start == "monday")


@examples(60)
@given(calendars())
@example(NEW_YEAR)
@example(LEAP_DAY)
def test_what_a_period_says_of_itself_follows_from_its_days(models: Models, calendar: Calendar) -> None:
    cut(models, calendar)
    loaded = days_of(calendar, calendar.loaded_days())
    expected = {}
    for (grain, start), days in loaded.items():
        first, last = bounds(grain, start, calendar.week_start)
        of_the_calendar = list(days_between(first, last))
        is_whole_in_history = all(day >= calendar.history_start for day in of_the_calendar)
        is_ended = all(day <= calendar.through for day in of_the_calendar)
        expected[grain, start] = (last, days[-1], is_ended, is_whole_in_history)
    columns = "period_end, last_day, is_ended, is_whole_in_history"
    assert by_period(models, "marts.dim_periods", columns) == expected


@examples(60)
@given(calendars())
@example(NEW_YEAR)
@example(LEAP_DAY)
def test_google_is_asked_for_the_very_periods_that_the_models_cut(models: Models, calendar: Calendar) -> None:
    cut(models, calendar)
    asked = asked_of_google(calendar.history_start, calendar.through, calendar.week_start)
    expected = {(one.grain, one.first_day): one.last_day for one in asked}
    assert {
        key: day for key, day in by_period(models, "marts.dim_periods", "last_day").items() if key[0] != "day"
    } == expected
