"""A business moves, on 16 March 2026, from Mailchimp to Brevo and from WooCommerce to Shopify; all stay connected.

The new tools hold what was copied from the old ones, with old or with import dates; the old ones hold what was written
back to them. What counts is a world of its own, told once, from which truth is computed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from app.checks import check_sources
from app.ready import armed
from pipelines.credentials import SecretMissing
from pipelines.settings import read_settings
from sandbox import events as e
from sandbox.truth import Refresh, truth
from tests.end_to_end.comparison import compare, published_values, summary
from tests.end_to_end.conftest import business
from tests.end_to_end.small_business import Small, served

pytestmark = pytest.mark.slow  # six refreshes

BUSINESS = '[business]\nname = "Ada"\nhistory_start = 2026-03-02\n'
SOURCES = """
[sources.mailchimp]
{until}
[sources.brevo]
opt_in_attribute = "DATE_OPTIN"
{begins}
[sources.woocommerce]
site = "boutique.example"
{until}
[sources.shopify]
shop = "international"
{begins}
"""
MOVED = BUSINESS + SOURCES.format(until="until = 2026-03-15", begins="from = 2026-03-16")
BESIDE = BUSINESS + SOURCES.format(until="", begins="")
OLD = ("mailchimp", "woocommerce")


def at(day: int, hour: int = 10, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


# On the 13th of April Mailchimp has been read 28 days beyond its last one.
REFRESHES = [
    Refresh(at(14, 5), date(2026, 3, 13)),
    Refresh(at(16, 5), date(2026, 3, 15)),
    Refresh(at(13, 5, 4), date(2026, 4, 12)),
    Refresh(at(14, 5, 4), date(2026, 4, 13)),
]


def contact(tool: str, name: str, when: datetime) -> tuple[e.Contact, e.ContactEvent]:
    """Somebody who confirms at an instant, as the tool has it."""
    who = f"{tool} {name}"
    list_id = {"mailchimp": "l1", "brevo": "12"}[tool]
    made = e.Contact(who, tool, list_id, 1, f"{name}@mail.example", "subscriber", when)
    return made, e.ContactEvent(who, "confirm", when)


def order(order_id: str, name: str, placed: datetime, paid: datetime | None = None) -> e.Order:
    shop = "boutique" if order_id.startswith("W") else "international"
    return e.Order(
        order_id, shop, f"{shop} {name}", 1, f"{name}@mail.example", placed, paid or placed, "EUR", True,
        0, 0, 0, 0, False, None, None, False, "",
    )  # fmt: skip


def account(shop: str, name: str, when: datetime) -> e.Customer:
    return e.Customer(f"{shop} {name}", shop, 1, f"{name}@mail.example", when)


def mailing(tool: str, mailing_id: str, when: datetime) -> e.Mailing:
    return e.Mailing(mailing_id, tool, {"mailchimp": "l1", "brevo": "12"}[tool], "regular", None, None, "", when)


CONTACTS = [
    contact("mailchimp", "ann", at(4)),
    contact("mailchimp", "bob", at(6)),
    contact("mailchimp", "cy", at(13)),
    contact("brevo", "dee", at(25)),
    contact("brevo", "eve", at(19)),
]
COPIED_CONTACTS = [
    contact("brevo", "ann", at(3)),  # by the day on which she had asked for the letter
    contact("brevo", "bob", at(12)),  # by that of a trial
    contact("brevo", "cy", at(17)),  # by that of the import
    contact("mailchimp", "eve", at(18)),  # by a form that had been forgotten
]
ORDERS = [
    order("W1", "ann", at(5)),
    order("W2", "bob", at(8)),
    order("W3", "cy", at(15), at(17)),  # paid after the move, in the shop where it was placed
    order("S10", "ann", at(20)),
    order("S11", "dee", at(2, month=4)),
    order("S12", "eve", datetime(2026, 3, 15, 23, 30, tzinfo=UTC)),  # half an hour into the 16th in Paris
]
COPIED_ORDERS = [
    order("S1", "ann", at(5)),
    order("S2", "bob", at(8)),
    order("S3", "cy", at(15), at(17)),
    order("W10", "ann", at(20)),
    order("W12", "eve", datetime(2026, 3, 15, 23, 30, tzinfo=UTC)),
]
ACCOUNTS = [
    account("boutique", "ann", at(4)), account("boutique", "bob", at(6)), account("boutique", "cy", at(13)),
    account("international", "dee", at(25)), account("international", "eve", at(16)),
]  # fmt: skip
COPIED_ACCOUNTS = [
    account("international", "ann", at(4)), account("international", "bob", at(6)),
    account("international", "cy", at(13)), account("boutique", "eve", at(16)),
]  # fmt: skip
MAILINGS = [mailing("mailchimp", "m1", at(10)), mailing("brevo", "71", at(27))]
COPIED_MAILINGS = [mailing("brevo", "70", at(12)), mailing("mailchimp", "m2", at(20))]
# Who gets which: a trial and a farewell are nobody's figures.
SENDS = [
    e.MailSend(number, mailing_id, who, when, "")
    for number, (mailing_id, who, when) in enumerate(
        [
            ("m1", "mailchimp ann", at(10)), ("m1", "mailchimp bob", at(10)),
            ("71", "brevo ann", at(27)), ("71", "brevo dee", at(27)), ("71", "brevo eve", at(27)),
            ("70", "brevo ann", at(12)), ("m2", "mailchimp bob", at(20)),
        ]
    )
]  # fmt: skip
OPENS = [e.MailOpen(number, at(28), at(28), False) for number in (0, 2, 3, 5, 6)]


def world(is_all: bool) -> e.World:
    """What counts, or all that the vendors hold."""
    contacts, orders = CONTACTS, ORDERS
    accounts, mailings = ACCOUNTS, MAILINGS
    if is_all:
        contacts, orders = contacts + COPIED_CONTACTS, orders + COPIED_ORDERS
        accounts, mailings = accounts + COPIED_ACCOUNTS, mailings + COPIED_MAILINGS
    sends = [one for one in SENDS if one.mailing_id in {mailing.mailing_id for mailing in mailings}]
    return e.World(
        date(2026, 3, 2),
        date(2026, 4, 14),
        people=[e.Person(1, "", (), "Ada", "Byron", "", "", "FR")],
        mail_lists=[e.MailList("l1", "mailchimp", "Letter", at(1)), e.MailList("12", "brevo", "Letter", at(1))],
        contacts=[one for one, _ in contacts],
        contact_events=[event for _, event in contacts],
        mailings=mailings,
        mail_sends=sends,
        mail_opens=[one for one in OPENS if one.send_id in {send.send_id for send in sends}],
        shops=[e.Shop("boutique", "Boutique", False), e.Shop("international", "International", False)],
        products=[e.Product("soap", "Soap", "product", 1000, 400)],
        customers=accounts,
        orders=orders,
        order_lines=[e.OrderLine(one.order_id, f"{one.order_id}-1", "soap", 1, 1000, 0, 0) for one in orders],
        # given back after the move, in the shop where it was bought
        refunds=[
            e.Refund(f"R{one.order_id}", one.order_id, f"{one.order_id}-1", at(20), 1, 1000, 0)
            for one in orders
            if one.order_id in ("W2", "S2")
        ],
    )


@dataclass(frozen=True)
class Ran:
    """The business refreshed on the way; from nothing at the end; and so as if the tools were used side by side."""

    daily: Small
    fresh: Small
    beside: Small
    refused: list[str]  # by the old tools, at the last refresh


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("moved")
    last = REFRESHES[-1]
    with served(world(is_all=True), REFRESHES[0].as_of) as vendors:
        daily, fresh, beside = (
            Small(vendors, folder / name, settings)
            for name, settings in (("daily", MOVED), ("fresh", MOVED), ("beside", BESIDE))
        )
        for one in REFRESHES[:-1]:
            daily.refresh(one.as_of, one.through)
        fresh.refresh(last.as_of, last.through)
        beside.refresh(last.as_of, last.through)
        # the accounts at the old tools are closed
        for source in OLD:
            vendors.fault(f"/{source}", "token_expired", times=10_000)
        daily.refresh(last.as_of, last.through)
        yield Ran(daily, fresh, beside, list(daily.said))


KPIS = (
    "new_prospects", "prospect_to_customer_rate", "purchases", "average_basket", "products_sold", "gross_margin_rate",
    "avg_days_to_first_purchase", "north_star", "email_open_rate", "email_click_rate",
)  # fmt: skip


def true(small: Small, is_all: bool) -> Any:
    said = business(read_settings(small.folder / "parcours.toml"))
    return truth(world(is_all), REFRESHES, said)


def test_each_event_counts_in_the_tool_that_was_used_on_its_day(ran: Ran) -> None:
    differences, compared = compare(published_values(ran.daily.places.marts), true(ran.daily, is_all=False), KPIS)
    assert not differences, summary(differences)
    assert {kpi for kpi, _ in compared} == {*KPIS}
    assert ran.daily.rows(
        "select purchases, new_prospects from kpi_conversion join kpi_capture using (grain, period_start) "
        "where grain = 'year'"
    ) == [(6, 5)]


def test_without_from_and_until_they_would_count_twice(ran: Ran) -> None:
    purchases = "select purchases from kpi_conversion where grain = 'year'"
    assert ran.beside.rows(purchases) == [(11,)]
    differences, _ = compare(published_values(ran.beside.places.marts), true(ran.beside, is_all=False), KPIS)
    wrong = {one.kpi_id for one in differences}
    assert wrong >= {"new_prospects", "purchases", "products_sold", "email_open_rate", "avg_days_to_first_purchase"}


def test_refreshes_on_the_way_leave_what_one_from_nothing_leaves(ran: Ran) -> None:
    assert published_values(ran.daily.places.marts) == published_values(ran.fresh.places.marts)
    # what Mailchimp captured cannot be captured again, and has settled where nothing is asked any more
    whole = (
        "select * exclude (is_provisional) from kpi_coverage where kpi_id != 'followup_email_open_rate' order by all"
    )
    assert ran.daily.rows(whole) == ran.fresh.rows(whole)


def test_a_value_rests_on_the_tool_that_was_used_and_is_complete_over_the_move(ran: Ran) -> None:
    rows = ran.daily.rows(
        "select kpi_id, period_start, is_complete, is_provisional, sources, missing_sources from kpi_values "
        "where grain = 'week' and kpi_id in ('new_prospects', 'purchases') order by all"
    )
    found = {(kpi, str(day)): said for kpi, day, *said in rows}
    assert found["new_prospects", "2026-03-09"] == [True, False, "mailchimp", ""]
    assert found["new_prospects", "2026-03-16"] == [True, False, "brevo", ""]
    assert found["purchases", "2026-03-09"] == [True, False, "woocommerce", ""]
    months = ran.daily.rows(
        "select is_complete, sources, missing_sources from kpi_values "
        "where grain = 'month' and kpi_id = 'purchases' order by period_start"
    )
    assert months[0] == (False, "shopify, woocommerce", "woocommerce")  # history begins on the 2nd
    assert months[1][1:] == ("shopify", "")
    sizes = "select list_size from kpi_capture where grain = 'week' order by period_start"
    # Ann, Bob and Cy at Mailchimp; Ann and Bob at Brevo on its first day; by the last refreshes all five
    assert [size for (size,) in ran.daily.rows(sizes)] == [None, 3, 2, None, None, None, 5]


def test_a_tool_that_is_read_to_its_end_is_asked_no_more_and_is_nobodys_worry(ran: Ran) -> None:
    assert [line for line in ran.refused if "asked no more" in line] == [
        f"{source} counts until 2026-03-15, all of which is loaded: it is asked no more" for source in OLD
    ]
    health = ran.daily.rows(
        "select source, status, days_behind, error from source_health where is_connected order by source"
    )
    assert health == [
        ("brevo", "loaded", 0, ""), ("mailchimp", "ended", 0, ""), ("shopify", "loaded", 0, ""),
        ("woocommerce", "ended", 0, ""),
    ]  # fmt: skip
    # who begins after the move asks the old ones once
    assert ran.fresh.rows("select count(*) from source_health where status = 'ended'") == [(0,)]


def test_the_secrets_of_a_tool_that_is_asked_no_more_may_be_gone(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAILCHIMP__API_KEY", "WOOCOMMERCE__CONSUMER_KEY", "WOOCOMMERCE__CONSUMER_SECRET"):
        monkeypatch.delenv(f"SOURCES__{name}")
    path, places = ran.daily.folder / "parcours.toml", ran.daily.places
    armed(read_settings(path), path, places)
    said = StringIO()
    assert check_sources(read_settings(path), places, [], datetime.now(UTC), Console(file=said, width=200)) == 0
    assert said.getvalue().count("counts until 2026-03-15, all of which is loaded: it is asked no more") == 2
    longer = ran.daily.folder / "longer.toml"
    longer.write_text(MOVED.replace("until = 2026-03-15", "until = 2026-03-20"))
    with pytest.raises(SecretMissing, match="SOURCES__MAILCHIMP__API_KEY, SOURCES__WOOCOMMERCE__CONSUMER_KEY"):
        armed(read_settings(longer), longer, places)
