"""Every KPI, per grain and period, straight from the events: what the warehouse must publish."""

from collections.abc import Sequence

from sandbox.events import World
from sandbox.truth.ambassadors import ambassador_kpis
from sandbox.truth.customers import customer_kpis, weekly_active_customers
from sandbox.truth.follow_ups import follow_up_opens
from sandbox.truth.lines import Lines
from sandbox.truth.mail import mail_rates
from sandbox.truth.margin import margin_kpis
from sandbox.truth.money import spend_by_day, spend_known_through
from sandbox.truth.opt_ins import first_opt_ins, persons, told_opt_ins
from sandbox.truth.periods import Earlier, Period, earlier_periods
from sandbox.truth.prospects import prospect_kpis
from sandbox.truth.purchases import Purchases
from sandbox.truth.segments import SegmentKey, segments
from sandbox.truth.service import service_kpis
from sandbox.truth.shop import shop_kpis
from sandbox.truth.social import social_kpis
from sandbox.truth.terms import Business, Key, Refresh, Upsell, Value
from sandbox.truth.view import Answers, View, key
from sandbox.truth.web import web_kpis

__all__ = [
    "Business",
    "Earlier",
    "Key",
    "Refresh",
    "SegmentKey",
    "Upsell",
    "Value",
    "earlier_periods",
    "segments",
    "truth",
]


def truth(
    world: World, refreshes: Sequence[Refresh], business: Business, periods: Sequence[Period] | None = None
) -> dict[Key, Value]:
    """Every KPI in every period that has a loaded day, or in those asked for, as the last refresh should publish it."""
    view = View(world, refreshes, business, periods)
    told = told_opt_ins(view)
    people = persons(told)
    opted_in = first_opt_ins(told, people)
    purchases, lines = Purchases(view, people), Lines(view)
    found = {
        **web_kpis(view),
        **social_kpis(view),
        **mail_rates(view),
        **follow_up_opens(view),
        **prospect_kpis(view, people, opted_in, purchases, spend_by_day(view), spend_known_through(view)),
        **shop_kpis(view, purchases, lines),
        **margin_kpis(view, purchases, lines),
        **customer_kpis(view, people, opted_in, purchases, lines),
        **service_kpis(view),
        **ambassador_kpis(view),
    }
    return found | _north_star(view, found, purchases)


def _north_star(view: View, found: Answers, purchases: Purchases) -> Answers:
    """What the business chose to follow above all: the active customers, or another KPI."""
    chosen = view.business.north_star
    if chosen == "weekly_active_customers":
        active = weekly_active_customers(view, purchases)
        return {key("north_star", period): value for period, value in active.items()}
    return {key("north_star", period): found[key(chosen, period)] for period in view.periods}
