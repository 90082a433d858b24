"""The words of truth: what is asked, of which business, and what an answer is made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

Number = int | float | Fraction | Decimal
SOURCE_GROUPS = {
    "google": r"(www\.)?google(\.[a-z]{2,3}){0,2}|com\.google\.android\.googlequicksearchbox",
    "facebook": r"fb|facebook|([a-z0-9-]+\.)*facebook\.com",
}


class Key(NamedTuple):
    """One KPI in one period."""

    kpi_id: str
    grain: str
    period_start: date


@dataclass(frozen=True)
class Value:
    """What a KPI is in a period; the parts are None where it is not a ratio."""

    value: Number | None
    numerator: Number | None = None
    denominator: Number | None = None


@dataclass(frozen=True)
class Refresh:
    """One run of the warehouse: the instant at which it asked, and the last business day that it loaded."""

    as_of: datetime
    through: date


@dataclass(frozen=True)
class Upsell:
    """What is offered to buyers of a base product, and for how long after; product ids."""

    base: tuple[str, ...]
    upsell: tuple[str, ...]
    window_days: int
    same_order: bool = False


@dataclass(frozen=True)
class Business:
    """What a business decides about its figures. None for shops and mail lists means all of them."""

    history_start: date
    time_zone: str = "Europe/Paris"
    currency: str = "EUR"
    week_start: str = "monday"
    prospect_window_days: int = 90
    primary_property: str = "111111111"
    capture_pages: tuple[str, ...] = ("/guide-gratuit", "/webinaire")
    lead_event: str = "generate_lead"
    source_groups: dict[str, str] | None = None
    retargeting_audiences: tuple[str, ...] = ()
    follow_up_automations: tuple[str, ...] = ()
    shops: tuple[str, ...] | None = None
    own_money: tuple[str, ...] = ()  # shops whose orders are worth what the shop counts in its own money, euros
    mail_lists: tuple[str, ...] | None = None
    mail_tools: tuple[str, ...] = ("mailchimp", "brevo", "klaviyo")
    upsells: tuple[Upsell, ...] = ()
    north_star: str = "weekly_active_customers"  # or the id of a KPI
    csat_satisfied_from: int = 4
    csat_neutral: int | None = None  # a score that is no answer
    review_platforms: tuple[str, ...] = ("trustpilot",)
    has_press: bool = True
    has_other_spend: bool = True


def ratio(numerator: Number, denominator: Number) -> Value:
    """A ratio with its parts, exact; nothing to divide by gives None."""
    if not denominator:
        return Value(None, numerator, denominator)
    return Value(Fraction(numerator) / Fraction(denominator), numerator, denominator)


def mean(values: Iterable[Fraction]) -> Value:
    """The mean of what there is; None where there is nothing."""
    found = list(values)
    return Value(sum(found, Fraction(0)) / len(found) if found else None)
