"""Whatever the figures, an additive KPI is the sum of its days, and a ratio divides sums and is never averaged."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import isclose

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.dbt_project.calendars import (
    CALENDARS_OWN,
    Calendar,
    Period,
    bounds,
    by_period,
    calendars,
    cut,
    days_between,
    days_of,
    examples,
    with_calendar,
)
from tests.dbt_project.inputs import (
    Amounts,
    Span,
    given_amounts,
    given_parts,
    given_sessions,
    given_waits,
    given_whole_periods,
)
from tests.dbt_project.models import Models

ADDITIVE = ("spend", "comments", "social_interactions")
Loaded = tuple[Amounts, dict[str, Span]]  # and which days each part has loaded
Parts = dict[date, tuple[Decimal, Decimal]]  # numerator and denominator by day


@st.composite
def loaded_amounts(draw: st.DrawFn, calendar: Calendar) -> Loaded:
    """Money and whole numbers on some of the days that each part has loaded."""
    found: Amounts = {}
    loaded = {}
    for part in ADDITIVE:
        first, last = sorted((draw(st.sampled_from(calendar.days())), draw(st.sampled_from(calendar.days()))))
        days = st.sampled_from(list(days_between(first, last)))
        amount = st.decimals(-10_000, 100_000, places=6) if part == "spend" else st.integers(-50, 5_000).map(Decimal)
        found |= {(part, day): value for day, value in draw(st.dictionaries(days, amount, max_size=20)).items()}
        loaded[part] = first, last
    return found, loaded


def sum_up(models: Models, calendar: Calendar, found: Amounts, loaded: dict[str, Span]) -> None:
    """Let the models sum daily amounts."""
    cut(models, calendar)
    given_parts(models, loaded)
    given_amounts(models, found)
    models.built("fct_parts_by_period")


@examples(60)
@given(with_calendar(calendars(longest=130), loaded_amounts))
def test_an_additive_part_is_the_sum_of_its_days_and_unknown_where_none_is_loaded(
    models: Models, made: tuple[Calendar, Loaded]
) -> None:
    calendar, (found, loaded) = made
    sum_up(models, calendar, found, loaded)
    for part in ADDITIVE:
        known = set(days_between(*loaded[part]))
        expected = {}
        for (grain, start), days in days_of(calendar, calendar.days()).items():
            is_known = any(day in known for day in days_between(*bounds(grain, start, calendar.week_start)))
            summed = sum((found.get((part, day), Decimal(0)) for day in days), Decimal(0))
            expected[grain, start] = summed if is_known else None
        assert by_period(models, "marts.fct_parts_by_period", part) == expected


@examples(40)
@given(with_calendar(calendars(longest=130), loaded_amounts))
def test_every_grain_adds_up_to_the_same(models: Models, made: tuple[Calendar, Loaded]) -> None:
    calendar, (found, loaded) = made
    sum_up(models, calendar, {key: amount for key, amount in found.items() if key[1] <= calendar.through}, loaded)
    rows = models.rows(
        f"select grain, sum(spend), sum(comments) from marts.fct_parts_by_period where {CALENDARS_OWN} group by grain"
    )
    assert len({tuple(amount or 0 for amount in row[1:]) for row in rows}) == 1
    spend = by_period(models, "marts.fct_parts_by_period", "spend")
    for period, days in days_of(calendar, calendar.loaded_days()).items():
        assert (spend[period] or 0) == sum(spend["day", day] or 0 for day in days)


@st.composite
def parts_of_ratios(draw: st.DrawFn, calendar: Calendar) -> Parts:
    """Numerators and denominators of some days: nothing above where there is nothing below."""
    days = draw(st.sets(st.sampled_from(calendar.loaded_days()), max_size=20))
    below = {day: draw(st.integers(0, 5_000)) for day in sorted(days)}
    return {day: (draw(st.decimals(0, one, places=6)), Decimal(one)) for day, one in below.items()}


def divide(models: Models, calendar: Calendar, parts: Parts) -> tuple[dict[Period, float], dict[Period, float]]:
    """An average of money, and a rate of the same figures as whole numbers."""
    found: Amounts = {}
    for day, (above, below) in parts.items():
        found |= {("order_value", day): above, ("valued_purchases", day): below}
        found |= {("emails_opened", day): Decimal(int(above)), ("emails_delivered", day): below}
    everything = (calendar.history_start, calendar.through)
    sum_up(models, calendar, found, dict.fromkeys((part for part, _ in found), everything))
    given_sessions(models, {})
    given_waits(models, [])
    given_whole_periods(models)
    models.built("fct_web_by_period", "fct_first_purchases_by_period", "kpi_conversion", "kpi_engagement")
    baskets = by_period(models, "marts.kpi_conversion", "average_basket")
    return baskets, by_period(models, "marts.kpi_engagement", "email_open_rate")


@examples(50)
@given(with_calendar(calendars(longest=130), parts_of_ratios))
def test_a_ratio_divides_sums_and_lies_within_its_days(models: Models, made: tuple[Calendar, Parts]) -> None:
    calendar, parts = made
    whole = {day: (Decimal(int(above)), below) for day, (above, below) in parts.items()}
    for published, true in zip(divide(models, calendar, parts), (parts, whole), strict=True):
        for period, days in days_of(calendar, calendar.loaded_days()).items():
            of_days = [(Fraction(true[day][0]), Fraction(true[day][1])) for day in days if day in true]
            above, below = sum(one for one, _ in of_days), sum(one for _, one in of_days)
            if not below:
                assert published[period] is None
                continue
            assert isclose(published[period], above / below, rel_tol=1e-12)
            daily = [float(one / other) for one, other in of_days if other]
            assert min(daily) * (1 - 1e-12) <= published[period] <= max(daily) * (1 + 1e-12)


part_of_one_day = st.tuples(st.integers(0, 900), st.integers(1, 900))


@examples(25)
@given(part_of_one_day, part_of_one_day)
def test_a_ratio_is_not_the_mean_of_its_days(models: Models, one: tuple[int, int], other: tuple[int, int]) -> None:
    assume(one[1] != other[1] and one[0] * other[1] != other[0] * one[1])
    calendar = Calendar("monday", date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4))
    parts = {calendar.history_start: one, calendar.through: other}
    baskets, _ = divide(
        models, calendar, {day: (Decimal(above), Decimal(below)) for day, (above, below) in parts.items()}
    )
    daily = [baskets["day", day] for day in parts]
    assert not isclose(baskets["week", calendar.history_start], sum(daily) / 2, rel_tol=1e-9)
