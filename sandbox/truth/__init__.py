"""Every KPI, per grain and period, straight from the events: what the warehouse must publish."""

from collections.abc import Sequence

from sandbox.events import World
from sandbox.truth.mail import follow_up_opens, mail_rates
from sandbox.truth.money import spend_by_day
from sandbox.truth.prospects import opt_ins, prospect_kpis
from sandbox.truth.shop import paid_orders, shop_kpis
from sandbox.truth.social import social_kpis
from sandbox.truth.terms import Business, Key, Refresh, Value
from sandbox.truth.view import View
from sandbox.truth.web import web_kpis

__all__ = ["Business", "Key", "Refresh", "Value", "truth"]


def truth(world: World, refreshes: Sequence[Refresh], business: Business) -> dict[Key, Value]:
    """Every KPI in every period that has a loaded day, as the last refresh should publish it."""
    view = View(world, refreshes, business)
    opted_in = opt_ins(view)
    orders = paid_orders(view)
    return {
        **web_kpis(view),
        **social_kpis(view),
        **mail_rates(view),
        **follow_up_opens(view),
        **prospect_kpis(view, opted_in, orders, spend_by_day(view)),
        **shop_kpis(view, opted_in, orders),
    }
