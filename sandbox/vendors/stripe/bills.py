"""The shops' orders as Stripe is told of them: what is billed, and what has become of it by an instant.

Both shops take their online payments through one account. Customers are billed by invoice, guests pay a bare payment
intent. Orders by phone and on markets are paid elsewhere.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from zlib import crc32

from sandbox.events import Customer, Order, OrderLine, Person, Product, Refund, World, lines_as_paid

Item = dict[str, Any]
Charged = TypeVar("Charged", Order, OrderLine, Refund)

TIP_PRODUCT = "tip"
GIFT_CARD_CODE, TIP_CODE, GOODS_CODE = "txcd_10502000", "txcd_90020001", "txcd_99999999"
CATALOGUE_AGE = timedelta(days=30)  # products are older than the first order
# These have no smaller unit any more, but Stripe still counts them in hundredths.
IN_HUNDREDTHS = ("ISK", "UGX")
AMOUNTS: dict[type[Any], tuple[str, ...]] = {
    Order: ("shipping", "shipping_tax", "tip", "fee"),
    OrderLine: ("unit_price", "discount", "tax"),
    Refund: ("amount", "tax"),
}
FAILS_FIRST = 7  # every seventh order is paid at the second attempt, where it is paid later than placed
# What is paid a day after it was placed, or some days: by bank debit, by capture of what was authorised, or by card.
SLOW = (timedelta(days=1), timedelta(days=7))
WAYS = ("debit", "hold", "card")
RETURNED_EVERY, RETURNED_AFTER = 4, timedelta(days=5)  # a debit of an order that is never paid
DRAFTED_EVERY, DRAFTED_FOR = 5, timedelta(days=7)  # an invoice that was not needed: the order was paid in cash


def seconds(moment: datetime | None) -> int | None:
    """A time as Stripe writes it: whole seconds since 1970."""
    return int(moment.timestamp()) if moment else None


def number(text: str) -> int:
    """A number that is the same for a text in every run, to vary what the events do not say."""
    return crc32(text.encode())


@dataclass(frozen=True)
class BilledLine:
    """A line of an invoice. `amount` is before discounts, with the tax inside where prices include it."""

    line_id: str
    product_id: str
    name: str
    quantity: int
    amount: int
    discount: int
    tax: int


@dataclass(frozen=True)
class Bill:
    """An order with all that Stripe is told of it."""

    order: Order
    is_inclusive: bool
    lines: tuple[BilledLine, ...]
    customer: Customer | None
    person: Person | None
    refunds: tuple[Refund, ...]

    @property
    def is_live(self) -> bool:
        """A test order is paid in test mode, which a live key does not show."""
        return not self.order.is_test

    @property
    def shipping_tax(self) -> int:
        """Tax of the shipping cost that the invoice knows of."""
        return self.order.shipping_tax if self.order.is_tax_known else 0

    @property
    def shipping(self) -> int:
        """Shipping and handling with its tax; a fee is handling."""
        return self.order.shipping + self.order.fee + (0 if self.is_inclusive else self.shipping_tax)

    @property
    def tax(self) -> int:
        """All tax that the invoice knows of."""
        return sum(line.tax for line in self.lines) + self.shipping_tax

    @cached_property
    def total(self) -> int:
        """What the buyer pays."""
        exclusive = 0 if self.is_inclusive else sum(line.tax for line in self.lines)
        return sum(line.amount - line.discount for line in self.lines) + exclusive + self.shipping

    @property
    def invoice_id(self) -> str:
        """Of a customer's invoice."""
        return f"in_{self.order.order_id}"

    @property
    def intent_id(self) -> str:
        """Of the one payment intent that the order is paid by."""
        return f"pi_{self.order.order_id}"

    @property
    def charge_id(self) -> str:
        """Of the charge that succeeds."""
        return f"ch_{self.order.order_id}"

    @property
    def customer_id(self) -> str | None:
        """Stripe's own id of the customer."""
        return f"cus_{self.customer.customer_id}" if self.customer else None

    @cached_property
    def way(self) -> str:
        """How it is paid."""
        at, placed_at = self.order.paid_at, self.order.placed_at
        is_slow = at is not None and self.order.voided_at is None and SLOW[0] <= at - placed_at <= SLOW[1]
        return WAYS[number(self.order.order_id) % len(WAYS)] if is_slow else "card"

    @property
    def charged_at(self) -> datetime | None:
        """When money is asked for: nothing of zero. An order that is voided later was only authorised."""
        at, voided_at = self.order.paid_at, self.order.voided_at
        if at is None or not self.total or (voided_at and voided_at <= at):
            return None
        return at if self.way == "card" else self.order.placed_at

    @property
    def returned_at(self) -> datetime | None:
        """When the bank returns a debit."""
        is_tried = self.total and self.order.paid_at is None and self.order.voided_at is None and not self.failed_at
        is_debit = number(self.order.order_id) % RETURNED_EVERY == RETURNED_EVERY - 1
        return self.order.placed_at + RETURNED_AFTER if is_tried and is_debit else None

    @property
    def failed_at(self) -> datetime | None:
        """When a card is declined: of an order that is never paid, or is paid at the second attempt."""
        later = self.charged_at is None or self.charged_at > self.order.placed_at
        every = FAILS_FIRST if self.charged_at else 2
        return self.order.placed_at if self.total and later and number(self.order.order_id) % every == 0 else None

    def is_voided(self, now: datetime) -> bool:
        """Whether it has been given up by now."""
        return self.order.voided_at is not None and self.order.voided_at <= now

    def is_paid(self, now: datetime) -> bool:
        """Whether the whole has been captured by now; what is voided later was authorised, never captured."""
        return self.order.voided_at is None and self.order.paid_at is not None and self.order.paid_at <= now

    def is_authorised(self, now: datetime) -> bool:
        """Whether money is held, but not captured."""
        charged = self.charged_at is not None and self.charged_at <= now
        if self.way == "hold":
            return charged and not self.is_paid(now)
        return charged and self.order.voided_at is not None and not self.is_voided(now)

    def is_pending(self, now: datetime) -> bool:
        """Whether a bank has been asked for the money and has not answered."""
        if self.returned_at:
            return self.order.placed_at <= now < self.returned_at
        return self.way == "debit" and self.order.placed_at <= now and not self.is_paid(now)

    def given_back(self, now: datetime) -> int:
        """What has been refunded by now, or released."""
        if self.is_voided(now):
            return self.total if self.charged_at else 0
        return sum(one.amount + one.tax for one in self.refunds if one.happened_at <= now and not is_undone(one, now))


def is_undone(refund: Refund, now: datetime) -> bool:
    """Whether the bank has sent the money back by now."""
    return refund.undone_at is not None and refund.undone_at <= now


def bills(world: World) -> list[Bill]:
    """The orders that came online."""
    return [bill for bill in _all(world) if bill.order.transaction_id]


def drafts(world: World) -> list[Bill]:
    """Orders that came otherwise, and for which somebody began an invoice."""
    others = (bill for bill in _all(world) if bill.customer and not bill.order.transaction_id)
    return [bill for bill in others if number(bill.order.order_id) % DRAFTED_EVERY == 0]


def _all(world: World) -> list[Bill]:
    shops = {shop.shop_id: shop.tax_included for shop in world.shops}
    customers = {one.customer_id: one for one in world.customers}
    people = {one.person_id: one for one in world.people}
    products = {one.product_id: one for one in world.products}
    lines, refunds = _by_order(lines_as_paid(world)), _by_order(world.refunds)
    return [
        Bill(
            _as_counted(order, order.currency),
            shops.get(order.shop_id, False),
            tuple(_lines(order, [_as_counted(one, order.currency) for one in lines[order.order_id]], products)),
            customers.get(order.customer_id or ""),
            people.get(order.person_id),
            tuple(_as_counted(one, order.currency) for one in refunds[order.order_id] if one.amount + one.tax > 0),
        )
        for order in world.orders
    ]


def _as_counted(event: Charged, currency: str) -> Charged:
    """The event with its amounts in the units in which Stripe counts the currency."""
    if currency not in IN_HUNDREDTHS:
        return event
    return replace(event, **{name: 100 * getattr(event, name) for name in AMOUNTS[type(event)]})


def _by_order(events: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        found[event.order_id].append(event)
    return found


def _lines(order: Order, lines: list[OrderLine], products: dict[str, Product]) -> list[BilledLine]:
    found = [
        BilledLine(
            f"il_{line.line_id}",
            line.product_id,
            products[line.product_id].name,
            line.quantity,
            line.unit_price * line.quantity,
            line.discount,
            line.tax if order.is_tax_known else 0,
        )
        for line in lines
    ]
    if order.tip:
        tip = _as_counted(order, order.currency).tip
        found.append(BilledLine(f"il_{order.order_id}-tip", TIP_PRODUCT, "Tip", 1, tip, 0, 0))
    return found
