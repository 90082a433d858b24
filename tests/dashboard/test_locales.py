"""How numbers and dates look: every text written by hand."""

import re
from datetime import UTC, date, datetime

import pytest

from dashboard.locales import change_text, day_text, instant_text, period_text, value_text

NARROW, NO_BREAK = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


def plain(text: str) -> str:
    """Spaces that do not break as signs that can be read here."""
    assert "-" not in text
    assert not re.search(r"\d ", text)
    return text.replace(NARROW, "'").replace(NO_BREAK, " ")


@pytest.mark.parametrize(
    ("value", "unit", "fr", "en"),
    [
        (0.1225, "rate", "12,3 %", "12.3%"),
        (0.125, "rate", "12,5 %", "12.5%"),
        (-0.04, "rate", "−4,0 %", "−4.0%"),
        (-0.0004, "rate", "0,0 %", "0.0%"),
        (1.5, "rate", "150,0 %", "150.0%"),
        (0, "count", "0", "0"),
        (1234567, "count", "1'234'567", "1,234,567"),
        (57.74, "count", "57,7", "57.7"),
        (57.96, "count", "58,0", "58.0"),
        (57.745, "EUR", "57,75 €", "€57.75"),
        (-1234.5, "EUR", "−1'234,50 €", "−€1,234.50"),
        (1234.5, "JPY", "1'235 JPY", "JP¥1,235"),
        (12, "USD", "12,00 $US", "US$12.00"),
        (22.6, "seconds", "23 s", "23 s"),
        (59.6, "seconds", "1 min 0 s", "1 min 0 s"),
        (83.4, "seconds", "1 min 23 s", "1 min 23 s"),
        (3725, "seconds", "1 h 2 min", "1 h 2 min"),
        (0.5, "days", "0,5 jour", "0.5 days"),
        (12.36, "days", "12,4 jours", "12.4 days"),
        (-12.5, "points", "−12,5 points", "−12.5 points"),
        (1.285, "per customer", "1,29 par client", "1.29 per customer"),
        (None, "rate", "–", "–"),
        (None, "EUR", "–", "–"),
    ],
)
def test_a_value_is_written_with_its_unit(value: float | None, unit: str, fr: str, en: str) -> None:
    assert (plain(value_text(value, unit, "fr")), plain(value_text(value, unit, "en"))) == (fr, en)


@pytest.mark.parametrize(
    ("change", "share", "unit", "fr", "en"),
    [
        (0.0123, 0.1, "rate", "+1,2 pt", "+1.2 pt"),
        (-0.0123, None, "rate", "−1,2 pt", "−1.2 pt"),
        (12, 3.1, "points", "+12,0 pt", "+12.0 pt"),
        (-12, -0.123, "count", "−12 %", "−12%"),
        (1000, 12.5, "count", "+1'250 %", "+1,250%"),
        (-3, -0.0146, "EUR", "−1,5 %", "−1.5%"),
        (0, 0, "count", "0,0 %", "0.0%"),
        (3, None, "count", "+3", "+3"),
        (-3, None, "EUR", "−3,00 €", "−€3.00"),
        (None, None, "rate", "–", "–"),
    ],
)
def test_a_change_has_a_sign_and_of_rates_it_is_in_points(
    change: float | None, share: float | None, unit: str, fr: str, en: str
) -> None:
    assert (plain(change_text(change, share, unit, "fr")), plain(change_text(change, share, unit, "en"))) == (fr, en)


@pytest.mark.parametrize(
    ("grain", "first", "fr", "en"),
    [
        ("day", date(2026, 10, 6), "mardi 6 octobre 2026", "Tuesday 6 October 2026"),
        ("week", date(2026, 10, 5), "semaine du 5 octobre 2026", "week of 5 October 2026"),
        ("week", date(2026, 6, 1), "semaine du 1er juin 2026", "week of 1 June 2026"),
        ("month", date(2026, 10, 1), "octobre 2026", "October 2026"),
        ("quarter", date(2026, 7, 1), "T3 2026", "Q3 2026"),
        ("year", date(2026, 1, 1), "2026", "2026"),
    ],
)
def test_a_period_has_the_name_that_people_give_it(grain: str, first: date, fr: str, en: str) -> None:
    assert (period_text(grain, first, "fr"), period_text(grain, first, "en")) == (fr, en)


def test_an_instant_is_told_in_a_zone_that_is_named() -> None:
    instant = datetime(2026, 10, 6, 2, 30, tzinfo=UTC)
    assert instant_text(instant, "Europe/Paris", "fr") == "6 octobre 2026 à 04:30 (Paris)"
    assert instant_text(instant, "America/Los_Angeles", "en") == "5 October 2026 at 19:30 (Los Angeles)"
    assert day_text(date(2026, 2, 1), "fr") == "1er février 2026"
