"""Gross margin of products whose cost is known: what they brought, less what was given back, less what they cost."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from sandbox.events import OrderLine, Refund
from sandbox.truth.lines import Lines
from sandbox.truth.purchases import Purchase, Purchases
from sandbox.truth.terms import ratio
from sandbox.truth.view import Answers, View, key


class _Margin:
    """Net revenue and cost by day: a sale on the day of its payment, a refund on its own."""

    def __init__(self) -> None:
        self.revenue: dict[date, Decimal] = defaultdict(Decimal)
        self.cost: dict[date, Decimal] = defaultdict(Decimal)

    def add(self, day: date, revenue: Decimal | None, cost: Decimal | None, sign: int = 1) -> bool:
        """Count units sold, or with a sign units given back; not where either amount is unknown."""
        if revenue is None or cost is None:
            return False
        self.revenue[day] += sign * revenue
        self.cost[day] += sign * cost
        return True


def margin_kpis(view: View, purchases: Purchases, lines: Lines) -> Answers:
    """The gross margin rate."""
    margin = _Margin()
    _add_refunds(margin, view, lines, _add_sales(margin, purchases, lines))
    found: Answers = {}
    for period in view.periods:
        revenue = period.total(margin.revenue)
        found[key("gross_margin_rate", period)] = ratio(revenue - period.total(margin.cost), revenue)
    return found


def _add_sales(
    margin: _Margin, purchases: Purchases, lines: Lines
) -> dict[tuple[str, str], tuple[Purchase, OrderLine]]:
    """The lines that count, by order and line."""
    counted = {}
    for one in purchases:
        for line in lines.of(one.order):
            cost = lines.cost(one.order.shop_id, lines.products[line.product_id], line.quantity, one.day)
            if margin.add(one.day, lines.revenue(one, line), cost):
                counted[line.order_id, line.line_id] = one, line
    return counted


def _add_refunds(
    margin: _Margin, view: View, lines: Lines, counted: dict[tuple[str, str], tuple[Purchase, OrderLine]]
) -> None:
    """Refunds of those lines, in the order's currency and at the rate of their own day."""
    purchase_of = {order_id: one for (order_id, _), (one, _) in counted.items()}
    earlier: dict[str, list[Refund]] = defaultdict(list)
    for refund in sorted(view.world.refunds, key=lambda one: one.happened_at):
        if not view.exists(refund.happened_at, refund.undone_at) or refund.order_id not in purchase_of:
            continue
        order, day = purchase_of[refund.order_id].order, view.day_of(refund.happened_at)
        if refund.line_id:
            earlier[refund.order_id].append(refund)
            given: dict[str, Decimal | None] = {refund.line_id: lines.brought(order, [refund.amount], day)}
        else:  # no unit comes back
            given = lines.spread(order, refund.amount, day, earlier[refund.order_id])
        for line_id, amount in given.items():
            if (refund.order_id, line_id) in counted:
                product = lines.products[counted[refund.order_id, line_id][1].product_id]
                cost = lines.cost(order.shop_id, product, refund.quantity, day)
                margin.add(day, amount, cost, sign=-1)
