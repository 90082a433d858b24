"""Segments of KPIs, with answers worked out by hand."""

from datetime import date
from fractions import Fraction
from typing import Any

from sandbox import events as e
from sandbox.truth import segments
from tests.sandbox.small_worlds import (
    BUSINESS,
    LATE,
    PRODUCTS,
    SHOP,
    SHOPS,
    at,
    confirmed,
    contact,
    hit,
    line,
    mailing,
    opened,
    order,
    sends,
    visit,
    world,
)


def by(of: e.World, kpi_id: str, dimension: str, grain: str = "month", day: int = 1) -> dict[str, object]:
    """Segment → value, of those that are there."""
    found = segments(of, LATE, BUSINESS)
    wanted = (kpi_id, dimension, grain, date(2026, 3, day))
    return {
        key.segment: value.value
        for key, value in found.items()
        if (key.kpi_id, key.dimension, key.grain, key.period_start) == wanted
    }


def person(number: int, country: str) -> e.Person:
    return e.Person(number, "", (), "", "", "", "", country)


def test_sales_are_by_the_buyers_country_and_by_product() -> None:
    shop = world(
        shops=SHOPS,
        products=[*PRODUCTS, e.Product("Q", "Recharge", "product", 900, None)],
        people=[person(1, "FR"), person(2, "BE"), person(3, "CH")],
        orders=[order("1"), order("2"), order("3", person_id=2), order("4", person_id=3, is_tax_known=False)],
        order_lines=[line("1", "P", 3), line("1", "Q"), line("2", "G"), line("3", "P", 1, 1800), line("4", "P")],
    )
    assert by(shop, "purchases", "country") == {"FR": 2, "BE": 1, "CH": 1}
    assert by(shop, "products_sold", "country") == {"FR": 4, "BE": 1, "CH": 1}
    assert by(shop, "products_sold", "product") == {"P": 5, "Q": 1}
    assert by(shop, "average_basket", "country") == {"FR": 24, "BE": 18}
    assert by(shop, "purchases", "country", "day", 4) == {}


def test_purchases_are_by_the_session_that_holds_their_transaction() -> None:
    def bought(number: int, transaction_id: str = "", **change: Any) -> e.Hit:
        return hit(number, "purchase", transaction_id=transaction_id, **change)

    shop = world(
        shops=SHOPS,
        properties=[SHOP],
        visits=[visit(1, source="(direct)"), visit(2, reported_source="bing"), visit(3), visit(4), visit(5)],
        hits=[
            bought(1, "T1"), bought(2, "T2"), bought(3, "T3", shown_at=at(21)), bought(4, "T4", cookie_id=None),
            bought(5, "T5", property_id="222222222"), hit(1, transaction_id="T6"), bought(1),
        ],
        orders=[
            *(order(f"{n}", transaction_id=f"T{n}") for n in range(1, 7)), order("7"), order("8", transaction_id="T1")
        ],
    )  # fmt: skip
    assert by(shop, "purchases", "channel") == {"google / organic": 2, "bing / organic": 1, "unattributed": 5}


def test_mail_is_by_the_tool_that_sent_or_showed_it() -> None:
    mail = world(
        contacts=[
            contact("1", "ada@mail.example"), contact("2", "ada@mail.example", tool="klaviyo"),
            contact("3", "bob@mail.example"), contact("4", "bob@mail.example", tool="brevo"),
        ],
        contact_events=[
            confirmed("1", at(3)), confirmed("2", at(2)), confirmed("3", at(4)), confirmed("4", at(4)),
        ],
        mailings=[mailing("m"), mailing("b", tool="brevo")],
        mail_sends=[*sends("m", 1, 2), *sends("b", 3)],
        mail_opens=[opened(1)],
        mail_clicks=[e.MailClick(3, at(4), at(4), False, "/")],
    )  # fmt: skip
    assert by(mail, "new_prospects", "email_tool") == {"klaviyo": 1, "brevo": 1}  # Bob's are at the same instant
    assert by(mail, "email_open_rate", "email_tool") == {"mailchimp": Fraction(1, 2), "brevo": 0}
    assert by(mail, "email_click_rate", "email_tool") == {"mailchimp": 0, "brevo": 1}


def test_mentions_are_by_where_they_appeared() -> None:
    found = world(
        tags=[e.Tag("t1", "a", "9", at(3), None)],
        press_mentions=[e.PressMention(str(day), at(day), "Radio Ville") for day in (3, 4)],
    )
    assert by(found, "brand_mentions", "channel") == {"facebook": 1, "Radio Ville": 2}
    assert by(found, "brand_mentions", "channel", "day", 4) == {"Radio Ville": 1}
