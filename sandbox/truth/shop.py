"""Commerce KPIs, over orders dated at their first full payment."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from sandbox.events import Order, OrderLine
from sandbox.truth.money import Converter, major
from sandbox.truth.periods import Period
from sandbox.truth.prospects import normalised
from sandbox.truth.terms import Value, mean, ratio
from sandbox.truth.view import Answers, View, key

WINDOW = timedelta(days=364)  # 365 days, the last one included
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def paid_orders(view: View) -> list[Order]:
    """The purchases: paid by now on a loaded day, neither tests nor voided; in the order of payment."""
    shops = view.business.shops
    known = {shop.shop_id for shop in view.world.shops if shops is None or shop.shop_id in shops}
    found = [
        (order.paid_at, order.order_id, order)
        for order in view.world.orders
        if order.paid_at is not None
        and order.paid_at <= view.now
        and view.day_of(order.paid_at) <= view.through
        and order.shop_id in known
        and not order.is_test
        and not (order.voided_at is not None and order.voided_at <= view.now)
    ]
    return [order for _, _, order in sorted(found, key=lambda one: one[:2])]


def shop_kpis(view: View, opted_in: Mapping[str, datetime], orders: Sequence[Order]) -> Answers:
    """Purchases, products, basket, frequency and the days before a first purchase."""
    by_day: dict[date, list[Order]] = defaultdict(list)
    for order in orders:
        if order.paid_at:
            by_day[view.day_of(order.paid_at)].append(order)
    baskets = _Baskets(view)
    waits = _waits(view, opted_in, orders)
    found: Answers = {}
    for period in view.periods:
        paid = [order for day in period.days() for order in by_day.get(day, [])]
        values = [value for order in paid if (value := baskets.value(order)) is not None]
        found[key("purchases", period)] = Value(len(paid))
        found[key("products_sold", period)] = Value(sum(baskets.units(order) for order in paid))
        found[key("average_basket", period)] = ratio(sum(values, Decimal(0)), len(values))
        found[key("purchase_frequency", period)] = _frequency(view, period, by_day)
        found[key("avg_days_to_first_purchase", period)] = mean(wait for day in period.days() for wait in waits[day])
    return found


class _Baskets:
    """What an order is worth: its products, without tax, in the reporting currency."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._converter = Converter(view)
        products = {product.product_id for product in view.world.products if product.kind == "product"}
        self._tax_included = {shop.shop_id for shop in view.world.shops if shop.tax_included}
        self._lines: dict[str, list[OrderLine]] = defaultdict(list)
        for line in view.world.order_lines:
            if line.product_id in products:
                self._lines[line.order_id].append(line)
        self._values: dict[str, Decimal | None] = {}

    def units(self, order: Order) -> int:
        """How many units of products it holds."""
        return sum(line.quantity for line in self._lines[order.order_id])

    def value(self, order: Order) -> Decimal | None:
        """Its value; None where a tax inside its prices or its currency's rate is unknown."""
        if order.order_id not in self._values:
            self._values[order.order_id] = self._worked_out(order)
        return self._values[order.order_id]

    def _worked_out(self, order: Order) -> Decimal | None:
        is_tax_inside = order.shop_id in self._tax_included
        if order.paid_at is None or (is_tax_inside and not order.is_tax_known and self._lines[order.order_id]):
            return None
        total = Decimal(0)
        for line in self._lines[order.order_id]:
            tax = line.tax if is_tax_inside else 0
            amount = major(line.quantity * line.unit_price - line.discount - tax, order.currency)
            converted = self._converter.convert(amount, order.currency, self._view.day_of(order.paid_at))
            if converted is None:
                return None
            total += converted
        return total


def _frequency(view: View, period: Period, by_day: Mapping[date, list[Order]]) -> Value:
    """Purchases of known buyers per buyer, over the 365 days that end with the period."""
    first = period.last - WINDOW
    if first < view.business.history_start:
        return Value(None)
    buyers: Counter[str] = Counter()
    for number in range(365):
        buyers.update(buyer for order in by_day.get(first + DAY * number, []) if (buyer := _buyer(order)))
    return ratio(buyers.total(), len(buyers))


def _buyer(order: Order) -> str | None:
    """By e-mail if there is one, else by account; a guest without an address is nobody we know."""
    return normalised(order.email) or (f"{order.shop_id} {order.customer_id}" if order.customer_id else None)


def _waits(view: View, opted_in: Mapping[str, datetime], orders: Sequence[Order]) -> dict[date, list[Fraction]]:
    """Days from opt-in to the first purchase, by the day that it was paid."""
    found: dict[date, list[Fraction]] = defaultdict(list)
    seen = {""}
    for order in orders:
        buyer = normalised(order.email)
        if buyer in seen or order.paid_at is None:
            continue
        seen.add(buyer)
        since = opted_in.get(buyer)
        if order.opted_in and (since is None or since >= order.placed_at):
            found[view.day_of(order.paid_at)].append(Fraction(0))
        elif since is not None and since <= order.paid_at:
            found[view.day_of(order.paid_at)].append(
                Fraction((order.paid_at - since) // MICROSECOND, DAY // MICROSECOND)
            )
    return found
