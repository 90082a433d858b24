"""The rules of truth for e-mail, prospects, money and the shop, with answers worked out by hand."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from sandbox import events as e
from sandbox.truth import Key, Value, truth
from sandbox.truth.addresses import normalised
from tests.sandbox.small_worlds import (
    BUSINESS,
    LATE,
    LISTS,
    PRODUCTS,
    SHOP,
    SHOPS,
    at,
    mailing,
    opened,
    order,
    refresh,
    sends,
    value,
    world,
)


def test_broadcasts_count_people_and_an_ab_tests_children_as_their_parent() -> None:
    mail = world(
        mailings=[
            mailing("m1"), mailing("ab", "ab_parent"), mailing("a", "ab_child", parent_id="ab"),
            mailing("j", "journey"), mailing("s", "automation"), mailing("other", tool="brevo"),
        ],
        mail_sends=[
            *sends("m1", 1, 2, 3), *sends("m1", 4, bounce="soft"), *sends("a", 5), *sends("j", 6), *sends("s", 7),
            *sends("other", 8), *sends("m1", 9, when=at(21)),
        ],
        mail_opens=[opened(1), opened(1), opened(2, by_proxy=True), opened(3, at(21)), opened(5), opened(6), opened(8)],
        mail_clicks=[e.MailClick(n, at(4), at(4), n == 2, url) for n, url in ((2, "/"), (3, "/"), (3, "/b"), (7, "/"))],
    )  # fmt: skip
    assert value(mail, "email_open_rate", mail_tools=("mailchimp",)) == Fraction(2, 4)
    assert value(mail, "email_click_rate", mail_tools=("mailchimp",)) == Fraction(2, 4)
    assert value(mail, "email_open_rate", "day", 4) is None
    assert value(mail, "email_open_rate") == Fraction(3, 5)


def test_follow_up_rates_are_differences_of_lifetime_counters() -> None:
    mail = world(
        mailings=[
            mailing("s", "automation", automation_id="au"), mailing("t", "automation", automation_id="other"),
            mailing("new", "automation", automation_id="au", sent_at=at(4)),  # its first capture has a message already
        ],
        mail_sends=[
            *sends("s", 1, when=at(3)), *sends("s", 2, 3, when=at(4)), *sends("s", 4, bounce="hard", when=at(4)),
            *sends("t", 5, when=at(4)), *sends("new", 6, when=at(4, 13)),
        ],
        mail_opens=[opened(1, at(4)), opened(2, at(4, 13)), opened(2, at(5, 6)), opened(3, by_proxy=True), opened(5)],
    )  # fmt: skip
    found = [
        value(mail, "followup_email_open_rate", "day", day, [refresh(4), refresh(5), refresh(6)],
              follow_up_automations=("au",))
        for day in (3, 4, 5)
    ]  # fmt: skip
    assert found == [None, None, 1]  # two delivered since the baseline; 1 and 2 opened: the one sent before counts


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        (" Ada.L+news@GoogleMail.com", "adal@gmail.com"),
        ("ada.l+news@mail.example", "ada.l+news@mail.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ａda@mail.example", "ada@mail.example"),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling(typed: str, same: str) -> None:
    assert normalised(typed) == same


def test_a_prospect_is_new_on_the_day_of_the_earliest_opt_in_ever_seen() -> None:
    late, early = LATE, [refresh(4), *LATE]
    assert [value(world(**LISTS), "new_prospects", "day", day, late) for day in (3, 4, 5, 10)] == [1, 0, 1, 1]
    assert [value(world(**LISTS), "new_prospects", "day", day, early) for day in (3, 4, 5, 10)] == [2, 0, 1, 0]


def test_spend_is_converted_by_account_and_day_and_imported_cost_left_out() -> None:
    account = [e.AdAccount("1", "US", "USD", "America/New_York")]
    place = ("ad", date(2026, 3, 8))  # a Sunday
    ads = world(
        **LISTS, ad_accounts=account, ad_campaigns=[e.AdCampaign("c", "1", "", "", "", at(1), at(1))],
        ad_sets=[e.AdSet("s", "c", "", "", 0, at(1), at(1))], ads=[e.Ad("ad", "s", "", "", at(1), at(1))],
        ad_deliveries=[
            e.AdDelivery(*place, "FR", "facebook", at(9), 100, 0, 0, 0, 1100),
            e.AdDelivery(*place, "BE", "facebook", at(12), -10, 0, 0, 0, -100),  # restated
            e.AdDelivery(*place, "FR", "facebook", at(21), 100, 0, 0, 0, 500),  # not yet
            e.AdDelivery("ad", date(2026, 3, 9), "FR", "facebook", at(10), 0, 0, 0, 0, 700),  # without impressions
        ],
        linked_ad_costs=[
            e.LinkedAdCost(SHOP.property_id, date(2026, 3, 9), "", campaign, "", "", cost, at(10))
            for campaign, cost in (("7001", 400), ("7001", -100), ("", 900))
        ],
        rates=[
            e.Rate(date(2026, 3, day), "USD", rate, at(shown))
            for day, rate, shown in ((5, "1.50", 5), (6, "1.20", 6), (7, "9", 21), (9, "1.60", 9))
        ],
    )  # fmt: skip
    found = truth(ads, LATE, BUSINESS)[Key("cost_per_prospect", "month", date(2026, 3, 1))]
    assert found == Value(Fraction(Decimal("11.333333")) / 3, Decimal("11.333333"), 3)  # 10 USD / 1.20 + 3 EUR


def test_a_prospect_converts_by_a_first_purchase_within_the_window() -> None:
    one_day: dict[str, Any] = {"prospect_window_days": 1, "refreshes": [refresh(4), *LATE]}
    for paid, rate in (
        ({"ada.l+x@gmail.com": at(4)}, Fraction(1, 3)),  # a day to the second
        ({"adal@gmail.com": at(4, 12, 1)}, 0),
        ({"bob@mail.example": at(4, 23, 30), "adal@gmail.com": at(3, 11)}, Fraction(1, 2)),  # Ada had bought before
    ):
        orders = [order(email, email, when) for email, when in paid.items()]
        assert value(world(**LISTS, shops=SHOPS, orders=orders), "prospect_to_customer_rate", **one_day) == rate
    not_loaded = [order("1", "bob@mail.example", at(20, 4))]  # paid before the refresh, on its own day
    assert value(world(**LISTS, shops=SHOPS, orders=not_loaded), "prospect_to_customer_rate") == 0


def test_a_basket_is_products_without_tax_in_the_reporting_currency() -> None:
    abroad: dict[str, Any] = {"shop_id": "international"}
    orders = [
        order("EUR"), order("USD", currency="USD", **abroad), order("JPY", currency="JPY", **abroad), order("GIFT"),
        order("UNKNOWN", is_tax_known=False), order("CHF", currency="CHF"), order("LATER", voided_at=at(21)),
        order("TEST", is_test=True), order("VOID", voided_at=at(4)), order("PENDING", paid_at=None),
        order("PAID LATER", paid=at(20, 6)), order("CANCELLED", cancelled_at=at(4)),
    ]  # fmt: skip
    lines = [
        e.OrderLine("EUR", "1", "P", 3, 1200, 360, 540), e.OrderLine("EUR", "2", "G", 1, 5000, 0, 0),
        e.OrderLine("USD", "3", "P", 2, 1000, 100, 380), e.OrderLine("JPY", "4", "P", 1, 1600, 0, 0),
        e.OrderLine("GIFT", "5", "G", 1, 5000, 0, 0), e.OrderLine("UNKNOWN", "6", "P", 1, 1200, 0, 0),
        e.OrderLine("CHF", "7", "P", 1, 1200, 0, 200), e.OrderLine("VOID", "8", "P", 1, 1200, 0, 200),
    ]  # fmt: skip
    rates = [
        e.Rate(date(2026, 3, 3), currency, rate, at(3, 15)) for currency, rate in (("USD", "1.25"), ("JPY", "160"))
    ]
    shop = world(shops=SHOPS, products=PRODUCTS, orders=orders, order_lines=lines, rates=rates)
    assert value(shop, "purchases") == 8
    assert value(shop, "products_sold") == 3 + 2 + 1 + 1 + 1
    # 27.00 + 15.20 + 10.00, and gift, later voided and cancelled orders worth 0; unknown tax and rate are left out
    assert value(shop, "average_basket") == Fraction("52.2") / 6


def test_frequency_is_over_known_buyers_of_a_whole_year() -> None:
    orders = [
        order("1", "Ada.L@gmail.com"), order("2", "adal@gmail.com", at(4)), order("3", customer_id="C1"), order("4"),
        order("5", "adal@gmail.com", at(19) - timedelta(365)), order("6", "adal@gmail.com", at(19) - timedelta(364)),
    ]  # fmt: skip
    shop = world(shops=SHOPS, orders=orders)
    first = date(2026, 3, 19) - timedelta(days=364)
    assert value(shop, "purchase_frequency", history_start=first) == Fraction(4, 2)
    assert value(shop, "purchase_frequency", history_start=first + timedelta(days=1)) is None


def test_days_before_a_first_purchase_start_at_the_opt_in_known_before_it() -> None:
    orders = [
        order("1", "adal@gmail.com", at(6)), order("2", "adal@gmail.com", at(9)),  # three days after the opt-in
        order("3", "bob@mail.example", at(4)),  # paid before the opt-in: unknown how long it took
        order("4", "buyer@mail.example", at(4), opted_in=True),  # never on a list: opted in at the checkout
        order("5", "back@mail.example", at(12), placed_at=at(9), opted_in=True),  # opted in while it was unpaid
        order("6", "never@mail.example", at(4)), order("7", "", at(4), opted_in=True),
    ]  # fmt: skip
    shop = world(**LISTS, shops=SHOPS, orders=orders)
    assert value(shop, "avg_days_to_first_purchase") == Fraction(3 + 0 + 0, 3)
    assert value(shop, "avg_days_to_first_purchase", "day", 9) is None
