"""Records for worlds small enough to work the answers out by hand, in March 2026 (Paris is UTC+1 until the 29th)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from sandbox import events as e
from sandbox.truth import Business, Key, Refresh, truth


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def refresh(day: int) -> Refresh:
    """The one of an early morning, which loads through the day before."""
    return Refresh(at(day, 5), date(2026, 3, day - 1))


SHOP = e.Property("111111111", "Boutique", "Europe/Paris", "EUR", is_primary=True)
LATE = [refresh(20)]
BUSINESS = Business(date(2026, 3, 2))


def world(**records: Any) -> e.World:
    return e.World(date(2026, 3, 2), date(2026, 3, 31), **{"properties": [SHOP], **records})


def value(
    of: e.World,
    kpi_id: str,
    grain: str = "month",
    day: int = 1,
    refreshes: list[Refresh] | None = None,
    **business: Any,
) -> Any:
    found = truth(of, refreshes or LATE, replace(BUSINESS, **business))
    return found[Key(kpi_id, grain, date(2026, 3, day))].value


def visit(number: int, **change: Any) -> e.Visit:
    google = ("google", "organic", "(organic)")
    made = e.Visit(
        number, SHOP.property_id, f"c{number}", number, at(3), *google, *google, "", "/", "desktop", "France", False
    )
    return replace(made, **change)


def hit(number: int | None, name: str = "page_view", **change: Any) -> e.Hit:
    cookie, now = f"c{number}" if number else None, change.get("happened_at", at(3))
    made = e.Hit(0, SHOP.property_id, number, cookie, name, now, now, "/", 0, "", "", 0, 0, "")
    return replace(made, **change)


def order(order_id: str, email: str = "", paid: datetime | None = None, **change: Any) -> e.Order:
    paid = paid or at(3)
    made = e.Order(
        order_id, "boutique", None, 1, email, paid, paid, "EUR", True, 590, 98, 0, 0, False, None, None, False, ""
    )
    return replace(made, **change)


def contact(contact_id: str, email: str, list_id: str = "l1", kind: str = "subscriber", **change: Any) -> e.Contact:
    return replace(e.Contact(contact_id, "mailchimp", list_id, 1, email, kind, at(1)), **change)


def confirmed(contact_id: str, when: datetime) -> e.ContactEvent:
    return e.ContactEvent(contact_id, "confirm", when)


def account(email: str, created: datetime, shop_id: str = "boutique") -> e.Customer:
    return e.Customer(f"C {email} {created}", shop_id, 1, email, created)


def line(order_id: str, product_id: str, quantity: int = 1, price: int = 1200, **change: Any) -> e.OrderLine:
    """A line without tax or discount."""
    return replace(e.OrderLine(order_id, f"{order_id} {product_id}", product_id, quantity, price, 0, 0), **change)


SHOPS = [e.Shop("boutique", "Boutique", True), e.Shop("international", "International", False)]
PRODUCTS = [e.Product("P", "Carnet", "product", 1200, None), e.Product("G", "Carte", "gift_card", 5000, None)]


def post(number: int, created: datetime, deleted: datetime | None = None) -> e.Post:
    return e.Post(f"p{number}", "page", created, "", deleted)


def likes(number: int, *instants: datetime, removed: datetime | None = None) -> list[e.Reaction]:
    return [e.Reaction(f"p{number}", "LIKE", instant, removed) for instant in instants]


def comment(number: int, author: str | None, when: datetime, deleted: datetime | None = None) -> e.Comment:
    return e.Comment(f"{number} {author} {when}", f"p{number}", None, author, "", when, deleted)


def mailing(mailing_id: str, kind: str = "regular", **change: Any) -> e.Mailing:
    return replace(e.Mailing(mailing_id, "mailchimp", "l1", kind, None, None, "", at(3)), **change)


def sends(mailing_id: str, *numbers: int, bounce: str = "", when: datetime | None = None) -> list[e.MailSend]:
    return [e.MailSend(number, mailing_id, f"k{number}", when or at(3), bounce) for number in numbers]


def opened(number: int, when: datetime | None = None, by_proxy: bool = False) -> e.MailOpen:
    return e.MailOpen(number, when or at(4), when or at(4), by_proxy)


LISTED = [
    contact("1", "ada.l@gmail.com"), contact("2", "ADAL@gmail.com", "l2"), contact("3", "bob@mail.example"),
    contact("4", "buyer@mail.example", kind="transactional"), contact("5", "never@mail.example"),
    contact("6", "back@mail.example"),
]  # fmt: skip
CONFIRMED = [
    confirmed("1", at(5)), confirmed("2", at(3)), confirmed("3", at(4, 23, 30)), confirmed("4", at(3)),
    confirmed("6", at(3)), confirmed("6", at(10)),
]  # fmt: skip
LISTS = {"contacts": LISTED, "contact_events": CONFIRMED}
