"""A few orders that Stripe is paid for, and some that it never hears of."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.events import Customer, Order, OrderLine, Person, Product, Refund, Shop, World

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def order(order_id: str, **more: Any) -> Order:
    """An order of Ada's in the shop whose prices include tax, paid a minute after it was placed."""
    placed_at = more.pop("placed_at", NOON)
    plain = Order(
        order_id, "boutique", "C1", 1, " Ada@Example.com", placed_at, placed_at + MINUTE, "EUR", is_tax_known=True,
        shipping=0, shipping_tax=0, tip=0, fee=0, is_test=False, voided_at=None, cancelled_at=None, opted_in=False,
        transaction_id=f"T-{order_id}",
    )  # fmt: skip
    return replace(plain, **more)


def line(order_id: str, number: int, product_id: str, quantity: int, price: int, discount: int, tax: int) -> OrderLine:
    """A line of an order."""
    return OrderLine(order_id, f"{order_id}-{number}", product_id, quantity, price, discount, tax)


def business() -> World:
    """What happens to each order is in its comment; a guest has no customer."""
    guest: dict[str, Any] = {"customer_id": None, "person_id": 2, "email": "guest@example.com"}
    return World(
        date(2026, 1, 1),
        date(2026, 3, 15),
        people=[
            Person(1, "ada@example.com", (), "Augusta", "Byron", "+33 6 12 34 56 78", "12 rue des Lilas", "FR"),
            Person(2, "guest@example.com", (), "Grace", "Hopper", "+1 202 555 01 02", "1 Navy Yard", "US"),
        ],
        shops=[Shop("boutique", "Boutique", True), Shop("international", "International", False)],
        products=[
            Product("P-001", "Savon", "product", 790, 316),
            Product("P-100", "Carte cadeau", "gift_card", 5000, None),
        ],
        customers=[
            Customer("C1", "boutique", 1, "ADA@example.com", NOON - 40 * DAY),
            Customer("C2", "international", 2, "grace@example.com", NOON - DAY),
        ],
        orders=[
            # an invoice with everything: declined once, then paid
            order("B1", shipping=590, shipping_tax=98, fee=150, tip=200),
            # an invoice in yen, tax on top
            order("I1", shop_id="international", customer_id="C2", person_id=2, currency="JPY", shipping=944),
            # an invoice whose tax Stripe was not told of
            order("U1", is_tax_known=False, placed_at=NOON + HOUR),
            # an invoice of nothing
            order("Z1", placed_at=NOON + 2 * HOUR),
            # an invoice with more lines than it holds
            order("L1", placed_at=NOON + 3 * HOUR),
            # an invoice that is paid two months after
            order("D1", placed_at=NOON - 50 * DAY, paid_at=NOW + HOUR),
            # an invoice that is voided unpaid
            order("D2", paid_at=None, voided_at=NOON + HOUR),
            # guests: declined once, then paid; with an address for the receipt alone; declined for good; never tried
            order("G1", **guest),
            order("G3", **guest),
            order("N1", **guest, paid_at=None),
            order("N4", **guest | {"email": ""}, paid_at=None),
            # a guest's authorisation that is released an hour later
            order("V1", **guest, voided_at=NOON + HOUR),
            # in test mode, and paid on a market
            order("T2", is_test=True),
            order("M1", transaction_id=""),
            # the next day
            order("L2", **guest, placed_at=NOW + HOUR),
        ],
        order_lines=[
            line("B1", 1, "P-001", 2, 790, 158, 237),
            line("B1", 2, "P-100", 1, 5000, 0, 0),
            line("I1", 1, "P-001", 1, 1264, 0, 126),
            line("U1", 1, "P-001", 1, 790, 0, 132),
            line("Z1", 1, "P-001", 1, 790, 790, 0),
            *(line("L1", number, "P-001", 1, 790, 0, 132) for number in range(1, 13)),
            *(
                line(order_id, 1, "P-001", 1, 790, 0, 132)
                for order_id in ("D1", "D2", "G1", "G3", "N1", "N4", "V1", "T2", "M1", "L2")
            ),
        ],
        refunds=[
            Refund("R1", "B1", "B1-1", NOON + 5 * DAY, 1, 592, 119),
            Refund("R2", "G1", "G1-1", NOON + 6 * DAY, 1, 658, 132),
            Refund("R3", "B1", "B1-2", NOW + HOUR, 1, 5000, 0),
        ],
    )


def slow_business() -> World:
    """What comes right or wrong only days later. The ids tell the sandbox how an order is paid."""
    guest: dict[str, Any] = {"customer_id": None, "person_id": 2, "email": "guest@example.com"}
    world = business()
    world.customers = [
        Customer("C1", "boutique", 1, "ada@example.com", NOON - 40 * DAY),
        # deletes her account three days later
        Customer("C9", "boutique", 2, "grace@example.com", NOON - 30 * DAY, NOON + 3 * DAY),
    ]
    world.orders = [
        # by debit, which the bank settles after a day; authorised, and captured after a day
        order("S0", **guest, paid_at=NOON + DAY),
        order("S7", **guest, paid_at=NOON + DAY),
        # by debit, which the bank returns after five days
        order("S5", **guest, paid_at=None),
        # by card, given back on the third day; the bank sends that back on the seventh
        order("S3", **guest),
        # on a market; an invoice is begun, and deleted after a week
        order("M0", transaction_id=""),
    ]
    world.order_lines = [line(one.order_id, 1, "P-001", 1, 790, 0, 132) for one in world.orders]
    world.refunds = [Refund("R1", "S3", "S3-1", NOON + 2 * DAY, 1, 658, 132, NOON + 6 * DAY)]
    return world
