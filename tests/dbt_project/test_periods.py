"""Whatever the calendar, the models cut it as Python's own does."""

from datetime import date
from itertools import groupby, pairwise

import pytest
from hypothesis import example, given

from pipelines.sources.google_analytics.reports import earlier_parts as parts_of_google
from pipelines.sources.google_analytics.reports import periods as periods_of_google
from tests.dbt_project.calendars import (
    CALENDARS_OWN,
    GRAINS,
    ONE_DAY,
    Calendar,
    bounds,
    by_period,
    calendars,
    cut,
    days_between,
    days_of,
    earlier_parts,
    examples,
)
from tests.dbt_project.models import Models

# Open periods whose likes are odd. By hand: (grain, first and last day of its like).
LIKES = [
    # 30 March against 28 days of February; of the year and the quarter 89 days, which their likes have whole
    (
        Calendar("monday", date(2024, 1, 1), date(2026, 3, 30), date(2026, 3, 31)),
        {
            ("previous_week_to_date", date(2026, 3, 23), date(2026, 3, 23)),
            ("last_year_week_to_date", date(2025, 3, 31), date(2025, 3, 31)),
            ("previous_month_to_date", date(2026, 2, 1), date(2026, 2, 28)),
            ("last_year_month_to_date", date(2025, 3, 1), date(2025, 3, 30)),
            ("previous_quarter_to_date", date(2025, 10, 1), date(2025, 12, 28)),
            ("last_year_quarter_to_date", date(2025, 1, 1), date(2025, 3, 30)),
            ("previous_year_to_date", date(2025, 1, 1), date(2025, 3, 30)),
            ("last_year_year_to_date", date(2025, 1, 1), date(2025, 3, 30)),
        },
    ),
    # weeks from Sunday; a leap year's February is open on its 28th, when last year's was over
    (
        Calendar("sunday", date(2023, 1, 1), date(2024, 2, 28), date(2024, 2, 29)),
        {
            ("previous_week_to_date", date(2024, 2, 18), date(2024, 2, 21)),
            ("last_year_week_to_date", date(2023, 2, 26), date(2023, 3, 1)),
            ("previous_month_to_date", date(2024, 1, 1), date(2024, 1, 28)),
            ("last_year_month_to_date", date(2023, 2, 1), date(2023, 2, 28)),
            ("previous_quarter_to_date", date(2023, 10, 1), date(2023, 11, 28)),
            ("last_year_quarter_to_date", date(2023, 1, 1), date(2023, 2, 28)),
            ("previous_year_to_date", date(2023, 1, 1), date(2023, 2, 28)),
            ("last_year_year_to_date", date(2023, 1, 1), date(2023, 2, 28)),
        },
    ),
    # 30 days of leap year's February are 29
    (
        Calendar("monday", date(2024, 2, 1), date(2024, 3, 30), date(2024, 3, 31)),
        {
            ("previous_week_to_date", date(2024, 3, 18), date(2024, 3, 23)),
            ("previous_month_to_date", date(2024, 2, 1), date(2024, 2, 29)),
        },
    ),
    # Wednesday of week 53 of 2020, against week 1 of 2020, which began 52 weeks earlier; the month has but a day to go
    (
        Calendar("monday", date(2019, 12, 30), date(2020, 12, 30), date(2020, 12, 31)),
        {
            ("previous_week_to_date", date(2020, 12, 21), date(2020, 12, 23)),
            ("last_year_week_to_date", date(2019, 12, 30), date(2020, 1, 1)),
            ("previous_month_to_date", date(2020, 11, 1), date(2020, 11, 30)),
            ("previous_quarter_to_date", date(2020, 7, 1), date(2020, 9, 29)),
        },
    ),
    # the second week of history: what is not there wholly has no part either
    (
        Calendar("monday", date(2026, 11, 9), date(2026, 11, 17), date(2026, 11, 18)),
        {("previous_week_to_date", date(2026, 11, 9), date(2026, 11, 10))},
    ),
    # Sunday, the last day of a month that ends with a quarter: only the year is open
    (
        Calendar("monday", date(2025, 1, 1), date(2029, 9, 30), date(2029, 10, 1)),
        {
            ("previous_year_to_date", date(2028, 1, 1), date(2028, 9, 29)),
            ("last_year_year_to_date", date(2028, 1, 1), date(2028, 9, 29)),
        },
    ),
]
NEW_YEAR = Calendar("monday", date(2020, 12, 20), date(2021, 1, 10), date(2021, 1, 11))  # 2020 has a week 53
LEAP_DAY = Calendar("sunday", date(2024, 2, 27), date(2024, 2, 29), date(2024, 3, 1))


@examples(60)
@given(calendars())
@example(NEW_YEAR)
@example(LEAP_DAY)
def test_every_day_is_in_exactly_one_period_of_each_grain(models: Models, calendar: Calendar) -> None:
    cut(models, calendar)
    found = models.rows(
        f"select grain, date_day, period_start, period_end from marts.dim_period_days where {CALENDARS_OWN} "
        "order by 1, 2, 3"
    )
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
    rows = models.rows(
        f"select grain, period_start, period_end from marts.dim_periods where {CALENDARS_OWN} order by 1, 2"
    )
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
    asked = periods_of_google(calendar.history_start, calendar.through, calendar.week_start)
    expected = {(one.grain, one.first_day): one.last_day for one in asked}
    assert {
        key: day for key, day in by_period(models, "marts.dim_periods", "last_day").items() if key[0] != "day"
    } == expected


@pytest.mark.parametrize(("calendar", "likes"), LIKES, ids=[str(calendar.through) for calendar, _ in LIKES])
def test_an_open_period_has_its_like(models: Models, calendar: Calendar, likes: set[tuple[str, date, date]]) -> None:
    cut(models, calendar)
    found = models.rows(
        f"select grain, period_start, period_end, last_day, is_ended from marts.dim_periods where not ({CALENDARS_OWN})"
    )
    assert {row[:3] for row in found} == likes
    assert all(end == last and is_ended for _, _, end, last, is_ended in found)


@examples(60)
@given(calendars(longest=900))
@example(NEW_YEAR)
@example(LEAP_DAY)
def test_an_earlier_part_has_as_many_days_as_its_open_period_and_google_is_asked_for_them(
    models: Models, calendar: Calendar
) -> None:
    cut(models, calendar)
    rows = models.rows(
        "select grain, period_start, list(date_day order by date_day), min(period_end) from marts.dim_period_days "
        f"where not ({CALENDARS_OWN}) group by 1, 2"
    )
    expected = earlier_parts(calendar)
    assert {(grain, start): days for grain, start, days, _ in rows} == expected
    assert all(days[-1] == end for _, _, days, end in rows)
    asked = parts_of_google(calendar.through, calendar.history_start, calendar.week_start)
    assert {(one.grain, one.first_day): one.last_day for one in asked} == {
        key: days[-1] for key, days in expected.items()
    }
