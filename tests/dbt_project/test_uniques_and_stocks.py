"""Whatever happens, who is distinct is counted per period, a stock is its last capture, a median comes from events."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from math import isclose
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from tests.dbt_project.calendars import (
    ONE_DAY,
    Calendar,
    Period,
    bounds,
    by_period,
    calendars,
    cut,
    days_of,
    examples,
    with_calendar,
)
from tests.dbt_project.inputs import (
    Answer,
    Order,
    given_answers,
    given_captures,
    given_orders,
    given_parts,
    given_sessions,
    given_waits,
)
from tests.dbt_project.models import Models

YEAR, WEEK = 364, 6  # days before the last one
Stocks = tuple[dict[tuple[str, str, date], int], dict[str, int]]  # captures, and entities of each measure


@st.composite
def sessions(draw: st.DrawFn, calendar: Calendar) -> dict[Period, tuple[int, int]]:
    """Sessions of some periods, and engaged ones; a longer period's are no sum of the shorter ones'."""
    periods = draw(st.sets(st.sampled_from(sorted(days_of(calendar, calendar.loaded_days()))), max_size=20))
    both = st.tuples(st.integers(0, 900), st.integers(0, 900)).map(lambda two: (max(two), min(two)))
    return {period: draw(both) for period in sorted(periods)}


@examples(40)
@given(with_calendar(calendars(longest=130), sessions))
def test_sessions_of_a_period_are_those_that_google_counted_for_it(
    models: Models, made: tuple[Calendar, dict[Period, tuple[int, int]]]
) -> None:
    calendar, asked = made
    cut(models, calendar)
    given_sessions(models, asked)
    models.built("fct_web_by_period")
    assert by_period(models, "marts.fct_web_by_period", "sessions, engaged_sessions") == asked


@st.composite
def answers(draw: st.DrawFn, calendar: Calendar) -> list[Answer]:
    """On a few days a few people, most of whom answer again, in the same second too."""
    days = draw(st.lists(st.sampled_from(calendar.loaded_days()), min_size=1, max_size=6))
    answer = st.tuples(
        *(st.sampled_from(days), st.integers(0, 1), st.sampled_from(("csat", "nps"))),
        *(st.sampled_from(("s1", "s2")), st.sampled_from("ab"), st.integers(-1, 1)),
    )
    return draw(st.lists(answer, max_size=40))


def last_verdicts(found: list[Answer], days: Iterable[date], kind: str) -> list[int]:
    """The last verdict of each respondent to each survey in some days."""
    in_order = sorted(enumerate(found), key=lambda one: (one[1][:2], one[0]))
    asked = set(days)
    return list({one[3:5]: one[5] for _, one in in_order if one[0] in asked and one[2] == kind}.values())


@examples(60)
@given(with_calendar(calendars(longest=130), answers))
def test_of_a_respondent_the_last_answer_of_the_period_counts(
    models: Models, made: tuple[Calendar, list[Answer]]
) -> None:
    calendar, found = made
    cut(models, calendar)
    everything = (calendar.history_start, calendar.through)
    given_parts(models, {"csat_answers": everything, "nps_answers": everything})
    given_answers(models, found)
    models.built("fct_answers_by_period")
    columns = "satisfaction_answers, satisfied_answers, nps_answers, promoters, detractors"
    published = by_period(models, "marts.fct_answers_by_period", columns)
    periods = days_of(calendar, calendar.loaded_days())
    assert set(published) == set(periods)
    for period, days in periods.items():
        csat, nps = last_verdicts(found, days, "csat"), last_verdicts(found, days, "nps")
        assert published[period] == (len(csat), csat.count(1), len(nps), nps.count(1), nps.count(-1))
        for column in (0, 2):
            daily = [published["day", day][column] for day in days]
            assert max(daily) <= published[period][column] <= sum(daily)


def orders(calendar: Calendar) -> st.SearchStrategy[list[Order]]:
    """Orders of a few buyers and of unknown ones, some without a known value."""
    buyer, value = st.sampled_from((*"abcde", None)), st.none() | st.decimals(0, 500, places=6)
    return st.lists(st.tuples(st.sampled_from(calendar.loaded_days()), buyer, value), max_size=40)


def windows(calendar: Calendar, days_before: int) -> dict[Period, tuple[date, date]]:
    """The days that end with each period, where these are all loaded."""
    ends = {period: days[-1] for period, days in days_of(calendar, calendar.loaded_days()).items()}
    spans = {period: (last - ONE_DAY * days_before, last) for period, last in ends.items()}
    return {period: span for period, span in spans.items() if span[0] >= calendar.history_start}


def given_purchases(models: Models, calendar: Calendar, found: list[Order]) -> None:
    cut(models, calendar)
    given_parts(models, {"purchases": (calendar.history_start, calendar.through)})
    given_orders(models, found)


@examples(40)
@given(with_calendar(calendars(shortest=358, longest=430), orders))
def test_buyers_of_a_year_are_counted_over_its_365_days(models: Models, made: tuple[Calendar, list[Order]]) -> None:
    calendar, found = made
    given_purchases(models, calendar, found)
    models.built("fct_buyers_by_period")
    expected = {}
    for period, (first, last) in windows(calendar, YEAR).items():
        bought = [(buyer, value) for day, buyer, value in found if first <= day <= last and buyer]
        values = [value for _, value in bought if value is not None]
        expected[period] = (
            len(bought),
            len({buyer for buyer, _ in bought}),
            sum(values, Decimal(0)) if values else None,
        )
    columns = "purchases_by_buyers, buyers, order_value_of_buyers"
    assert by_period(models, "marts.fct_buyers_by_period", columns) == expected


@examples(40)
@given(with_calendar(calendars(longest=60), orders))
def test_active_customers_of_a_week_are_no_more_than_its_days_add_up_to(
    models: Models, made: tuple[Calendar, list[Order]]
) -> None:
    calendar, found = made
    given_purchases(models, calendar, found)
    models.built("fct_weekly_customers_by_period")
    published = by_period(models, "marts.fct_weekly_customers_by_period", "weekly_active_customers")
    expected = windows(calendar, WEEK)
    assert set(published) == set(expected)
    for period, (first, last) in expected.items():
        daily = {
            day: {one[1] for one in found if one[0] == day and one[1]} for day, _, _ in found if first <= day <= last
        }
        assert published[period] == len(set().union(*daily.values()))
        sizes = [len(buyers) for buyers in daily.values()]
        assert max(sizes, default=0) <= published[period] <= sum(sizes)


@st.composite
def stocks(draw: st.DrawFn, calendar: Calendar) -> Stocks:
    """Captures of two stocks, also on days after the last loaded one, and of how many entities each consists."""
    entities = {measure: draw(st.integers(1, 3)) for measure in ("facebook_fans", "list_size")}
    keys = [(measure, f"e{number}") for measure, many in entities.items() for number in range(many)]
    captured = st.tuples(st.sampled_from(keys), st.sampled_from(calendar.days()))
    found = draw(st.dictionaries(captured, st.integers(0, 9_999), max_size=40))
    return {(*key, day): amount for (key, day), amount in found.items()}, entities


@examples(60)
@given(with_calendar(calendars(longest=60), stocks))
def test_a_stock_is_the_last_capture_of_each_entity_and_unknown_where_one_has_none(
    models: Models, made: tuple[Calendar, Stocks]
) -> None:
    calendar, (found, entities) = made
    cut(models, calendar)
    given_captures(models, found, entities)
    models.built("fct_captures_by_period")
    published = by_period(models, "marts.fct_captures_by_period", "facebook_fans, list_size")
    for grain, start in days_of(calendar, calendar.loaded_days()):
        first, last = bounds(grain, start, calendar.week_start)
        expected = []
        for measure, many in entities.items():
            last_ones = {}
            for (of_measure, entity, day), amount in sorted(found.items(), key=lambda one: one[0][2]):
                if of_measure == measure and first <= day <= last:
                    last_ones[entity] = amount
            expected.append(sum(last_ones.values()) if len(last_ones) == many else None)
        assert published.get((grain, start), (None, None)) == tuple(expected)


def waits(calendar: Calendar) -> st.SearchStrategy[list[tuple[date, int | None]]]:
    """First purchases, some of unknown waits."""
    return st.lists(st.tuples(st.sampled_from(calendar.loaded_days()), st.none() | st.integers(0, 10**7)), max_size=40)


@examples(40)
@given(with_calendar(calendars(longest=130), waits))
def test_a_median_is_that_of_the_events_of_the_period(
    models: Models, made: tuple[Calendar, list[tuple[date, int | None]]]
) -> None:
    calendar, found = made
    cut(models, calendar)
    given_waits(models, found)
    models.built("fct_first_purchases_by_period")
    published = by_period(models, "marts.fct_first_purchases_by_period", "median_seconds_to_purchase")
    for period, days in days_of(calendar, calendar.loaded_days()).items():
        seconds = [one for day, one in found if day in days and one is not None]
        assert published.get(period) is None if not seconds else isclose(published[period], median(seconds))
