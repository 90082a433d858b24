"""Persons over three e-mail tools and two shops, one of whom each paragraph of `world` is about: worked out by hand.

The first refresh is in the middle of March 2026, the second at its end; a third starts from nothing at that instant.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import read_settings
from sandbox import events as e
from sandbox.truth import Refresh, truth
from sandbox.vendors.shopify.values import number
from sandbox.world import generate
from tests.end_to_end.comparison import compare, published_values, summary
from tests.end_to_end.conftest import business
from tests.end_to_end.small_business import Small, served
from tests.end_to_end.test_privacy import everything_written

SETTINGS = """
[business]
name = "Ada"
history_start = 2026-03-02
[sources.mailchimp]
[sources.brevo]
opt_in_attribute = "DATE_OPTIN"
[sources.klaviyo]
[sources.shopify]
shop = "international"
[sources.woocommerce]
site = "boutique.example"
opt_in_meta_key = "_newsletter"
test_meta_key = "_test_mode"
"""
LISTS = {"mailchimp": "l1", "brevo": "12", "klaviyo": "K1"}


def at(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


FIRST = at(16, 5), date(2026, 3, 15)
SECOND = at(31, 5), date(2026, 3, 30)


def contact(tool: str, email: str, day: int, *later: tuple[int, str, str]) -> tuple[e.Contact, list[e.ContactEvent]]:
    """Somebody who confirms on a day, and what happens later: day, kind, new address."""
    who = f"{tool} {email}"
    events = [e.ContactEvent(who, "confirm", at(day))]
    events += [e.ContactEvent(who, kind, at(then), address) for then, kind, address in later]
    return e.Contact(who, tool, LISTS[tool], 1, email, "subscriber", at(day, 9)), events


def order(order_id: str, email: str, day: int, customer_id: str | None = None) -> e.Order:
    shop_id = "international" if order_id.startswith("S") else "boutique"
    return e.Order(
        order_id=order_id, shop_id=shop_id, customer_id=customer_id, person_id=1, email=email, placed_at=at(day),
        paid_at=at(day), currency="EUR", is_tax_known=True, shipping=0, shipping_tax=0, tip=0, fee=0, is_test=False,
        voided_at=None, cancelled_at=None, opted_in=False, transaction_id="",
    )  # fmt: skip


CONTACTS = [
    # Zoé, everywhere, spelled in every way that reaches a mailbox at Gmail
    contact("mailchimp", " Zoe.Martin@Gmail.com", 5),
    contact("brevo", "zoemartin+news@googlemail.com", 4),
    contact("klaviyo", "ZOEMARTIN@gmail.com", 6),
    # Ida, whose domain has an umlaut
    contact("mailchimp", "ida@bücher.example", 5),
    # two mailboxes, for all we know: elsewhere than at Gmail a tag makes another address
    contact("brevo", "ben+news@corp.example", 5),
    contact("klaviyo", "ben@corp.example", 5),
    # Carl, Dora and Eve, who change their address; the latter two confirm anew
    contact("mailchimp", "carl@old.example", 3, (20, "change", "carl@new.example")),
    contact("brevo", "dora@old.example", 3, (20, "change", "dora@new.example"), (22, "confirm", "")),
    contact("klaviyo", "eve@old.example", 3, (20, "change", "eve@new.example"), (22, "confirm", "")),
    # Fay, two persons until each tool has seen her move
    contact("mailchimp", "fay@one.example", 6, (20, "change", "fay@two.example")),
    contact("brevo", "fay@two.example", 12, (21, "change", "fay@three.example")),
    # Gus, who had moved before anybody looked
    contact("brevo", "gus@old.example", 3, (8, "change", "gus@new.example")),
    # Ivy, Jon and Kim, who are erased on request
    contact("mailchimp", "ivy@mail.example", 9, (20, "erase", "")),
    contact("brevo", "jon@mail.example", 9, (20, "erase", "")),
    contact("klaviyo", "kim@mail.example", 9, (20, "erase", "")),
]
ORDERS = [
    order("W1", "ｚｏｅ.martin@gmail.com", 7),  # full-width letters
    order("S1", "z.oemartin@gmail.com", 8),
    order("W2", "IDA@xn--bcher-kva.example", 9),
    order("W3", "carl@old.example", 10),
    order("W4", "carl@new.example", 25),
    order("S2", "fay@one.example", 11),
    order("S3", "fay@three.example", 26),
    order("W5", "gus@old.example", 5),
    # Hal, who changes the address of his account in a shop
    order("S4", "hal@old.example", 10, "CH"),
    order("S5", "hal@new.example", 27, "CH"),
    # two buyers whom the shop has erased: it writes one address for all of them, which cannot exist
    order("W6", "deleted@site.invalid", 11),
    order("W7", "deleted@site.invalid", 12),
]


def world() -> e.World:
    return e.World(
        date(2026, 3, 2),
        date(2026, 3, 30),
        people=[e.Person(1, "", (), "Ada", "Byron", "", "", "FR")],
        mail_lists=[e.MailList(list_id, tool, "Letter", at(1)) for tool, list_id in LISTS.items()],
        contacts=[one for one, _ in CONTACTS],
        contact_events=[event for _, events in CONTACTS for event in events],
        shops=[e.Shop("boutique", "Boutique", False), e.Shop("international", "International", False)],
        products=[e.Product("soap", "Soap", "product", 1000, None)],
        customers=[e.Customer("CH", "international", 1, "hal@new.example", at(2))],
        orders=ORDERS,
        order_lines=[e.OrderLine(one.order_id, f"{one.order_id}-1", "soap", 1, 1000, 0, 0) for one in ORDERS],
    )


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What was published after each refresh; and the small business itself."""
    folder = tmp_path_factory.mktemp("identity")
    with served(world(), FIRST[0]) as vendors:
        small = Small(vendors, folder / "kept", SETTINGS)
        small.refresh(*FIRST)
        first = published(small)
        small.refresh(*SECOND)
        second = published(small)
        new = Small(vendors, folder / "new", SETTINGS)
        new.refresh(*SECOND)
        yield {"first": first, "second": second, "from scratch": published(new), "small": small}


def published(small: Small) -> dict[str, Any]:
    buyers = small.rows("select order_key, buyer_key from fct_orders")
    return {
        "prospects": small.by_day("new_prospects", "(select * from kpi_capture where new_prospects > 0)"),
        "conversion": small.rows(
            "select numerator, denominator from kpi_values where kpi_id = 'prospect_to_customer_rate' "
            "and grain = 'month'"
        )[0],
        "buyer": {_name(order_key): buyer for order_key, buyer in buyers},
        "prospects who bought": small.rows(
            "select count(*) from fct_prospects where person_key in (select person_key from fct_orders)"
        )[0][0],
    }


def _name(order_key: str) -> str:
    """The world's id of an order: WooCommerce keeps its digits, Shopify has a number of its own."""
    source, _, vendor_id = order_key.split(":")
    if source == "woocommerce":
        return f"W{vendor_id}"
    return next(one.order_id for one in ORDERS if str(number("Order", one.order_id)) == vendor_id)


def test_a_person_is_one_prospect_and_one_buyer_over_all_tools_and_spellings(refreshed: dict[str, Any]) -> None:
    first = refreshed["first"]
    assert first["prospects"] == {
        "03-03": 4,  # Carl, Dora, Eve, Gus
        "03-04": 1,  # Zoé, by the earliest of her three opt-ins
        "03-05": 3,  # Ida, and two Bens
        "03-06": 1,  # Fay
        "03-09": 3,  # Ivy, Jon, Kim
        "03-12": 1,  # Fay again: nobody can know yet
    }
    assert first["buyer"]["W1"] == first["buyer"]["S1"]
    assert first["conversion"] == (4, 13)  # Zoé, Ida, Carl and Fay have bought
    assert first["prospects who bought"] == 4


def test_a_changed_address_makes_no_second_prospect_and_no_second_buyer(refreshed: dict[str, Any]) -> None:
    second = refreshed["second"]
    assert second["prospects"] == {"03-03": 4, "03-04": 1, "03-05": 3, "03-06": 1, "03-09": 3}  # Fay is one
    assert second["buyer"]["W3"] == second["buyer"]["W4"]  # Carl's, by the old and by the new address
    assert second["buyer"]["S2"] == second["buyer"]["S3"]  # Fay's, by the first and by the third
    assert second["conversion"] == (4, 12)
    assert second["prospects who bought"] == 4


def test_an_address_that_no_refresh_saw_at_the_tool_is_somebody_else(refreshed: dict[str, Any]) -> None:
    """So is one that only changed in a shop: an order is by whom it says."""
    buyers = refreshed["second"]["buyer"]
    known = {buyer for buyer in buyers.values() if buyer}
    assert len(known) == 7  # Zoé, Ida, Carl, Fay; Gus, who is not the prospect; two Hals
    assert buyers["S4"] != buyers["S5"]


def test_buyers_whom_a_shop_has_erased_are_not_one_buyer(refreshed: dict[str, Any]) -> None:
    assert refreshed["second"]["buyer"]["W6"] is None
    assert refreshed["second"]["buyer"]["W7"] is None


def test_who_is_erased_at_a_tool_stays_counted_where_it_was_seen(refreshed: dict[str, Any]) -> None:
    assert refreshed["first"]["prospects"]["03-09"] == refreshed["second"]["prospects"]["03-09"] == 3
    assert "03-09" not in refreshed["from scratch"]["prospects"]


def test_from_scratch_only_what_the_tools_still_show_is_known(refreshed: dict[str, Any]) -> None:
    assert refreshed["from scratch"]["prospects"] == {
        "03-03": 3,  # Carl, Eve, Gus
        "03-04": 1,
        "03-05": 3,
        "03-06": 1,  # Fay at Mailchimp
        "03-12": 1,  # and at Brevo
        "03-22": 1,  # Dora: Brevo shows the last opt-in only
    }
    assert refreshed["from scratch"]["buyer"]["W3"] != refreshed["from scratch"]["buyer"]["W4"]


def test_no_address_and_no_hash_that_anybody_can_make_reaches_the_disk(refreshed: dict[str, Any]) -> None:
    addresses = {one.email.strip().lower() for one, _ in CONTACTS} | {one.email for one in ORDERS}
    addresses |= {event.email for _, events in CONTACTS for event in events if event.email}
    unkeyed = {hashlib.md5(one.encode(), usedforsecurity=False).hexdigest() for one in addresses}
    scanned = dict(everything_written(refreshed["small"].places))
    assert sum("raw_" in name for name in scanned) > 50
    found = {(name, one) for name, text in scanned.items() for one in addresses | unkeyed if one in text.lower()}
    assert found == set()


PERSONS = ("new_prospects", "prospect_to_customer_rate", "avg_days_to_first_purchase", "north_star")


@pytest.mark.slow
def test_in_a_bigger_business_persons_are_those_that_the_events_tell(tmp_path: Path) -> None:
    """With contacts in every tool that move, or are erased, between two refreshes."""
    first_day, last_day = date(2026, 9, 1), date(2026, 11, 23)
    world = generate(first_day=first_day, last_day=last_day, scale=0.3, contacts_move=True)
    tool = {one.contact_id: one.tool for one in world.contacts}
    happened = {(one.kind, tool[one.contact_id]) for one in world.contact_events}
    assert {(kind, one) for kind in ("change", "erase") for one in LISTS} <= happened
    refreshes = [
        Refresh(datetime(2026, 10, 31, 19, tzinfo=UTC), date(2026, 10, 30)),
        Refresh(datetime(2026, 11, 23, 22, 30, tzinfo=UTC), date(2026, 11, 22)),
    ]
    with served(world, refreshes[0].as_of) as vendors:
        small = Small(vendors, tmp_path, SETTINGS)
        for one in refreshes:
            small.refresh(one.as_of, one.through, history_start=first_day)
    true = truth(world, refreshes, business(read_settings(tmp_path / "parcours.toml", history_start=first_day)))
    differences, compared = compare(published_values(small.places.marts), true, PERSONS)
    assert not differences, summary(differences)
    assert {kpi for kpi, _ in compared} == set(PERSONS)
