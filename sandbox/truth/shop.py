"""Commerce KPIs, over orders dated at their first full payment."""

from decimal import Decimal

from sandbox.truth.lines import Lines
from sandbox.truth.purchases import Purchases
from sandbox.truth.terms import Value, ratio
from sandbox.truth.view import Answers, View, key


def shop_kpis(view: View, purchases: Purchases, lines: Lines) -> Answers:
    """Purchases, products and basket."""
    found: Answers = {}
    for period in view.periods:
        paid = purchases.between(period.first, period.last)
        values = [value for one in paid if (value := lines.value(one)) is not None]
        found[key("purchases", period)] = Value(len(paid))
        found[key("products_sold", period)] = Value(sum(lines.units(one.order) for one in paid))
        found[key("average_basket", period)] = ratio(sum(values, Decimal(0)), len(values))
    return found
