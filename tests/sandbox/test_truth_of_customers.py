"""The rules of truth for customers, upsells, margin and spend noted by hand, with answers worked out by hand."""

from datetime import date
from fractions import Fraction
from typing import Any

from sandbox import events as e
from sandbox.truth import Upsell
from tests.sandbox.small_worlds import (
    LISTS,
    PRODUCTS,
    SHOPS,
    account,
    at,
    line,
    order,
    refresh,
    value,
    world,
)

ADA, BOB, CY, DAN, EVE = (f"{name}@mail.example" for name in ("ada", "bob", "cy", "dan", "eve"))
UPSOLD = e.Product("Q", "Recharge", "product", 900, None)


def test_the_active_customers_are_the_known_buyers_of_seven_days() -> None:
    orders = [
        order("1", ADA, at(12, 23)), order("2", ADA, at(15)), order("3", "", at(19), customer_id="C1"),
        order("4", "", at(16)), order("5", BOB, at(12, 22, 59)),
    ]  # fmt: skip
    shop = world(shops=SHOPS, orders=orders)
    assert value(shop, "north_star") == 2  # the 13th to the 19th in Paris
    assert value(shop, "north_star", "week", 9) == 2  # the 9th to the 15th: Ada and Bob
    assert [value(shop, "north_star", "day", day) for day in (7, 8, 12)] == [None, 0, 1]
    assert value(shop, "north_star", north_star="purchases") == 5


def test_an_upsell_is_bought_later_and_in_time_after_the_first_ever_base() -> None:
    bought = [
        (ADA, at(3), "P"), (ADA, at(10), "Q"),  # seven days to the second
        (BOB, at(3), "P"), (BOB, at(10, 12, 1), "Q"),
        (CY, at(4), "PQ"),
        (DAN, at(3), "Q"), (DAN, at(4), "P"),
        (EVE, at(3), "P"), (EVE, at(9), "P"), (EVE, at(15), "Q"),  # in time after the second, not after the first
        ("", at(3), "P"),
    ]  # fmt: skip
    orders = [order(str(number), email, paid) for number, (email, paid, _) in enumerate(bought)]
    lines = [line(str(number), one) for number, (_, _, products) in enumerate(bought) for one in products]
    shop = world(shops=SHOPS, products=[*PRODUCTS, UPSOLD], orders=orders, order_lines=lines)
    refill, same = Upsell(("P",), ("Q",), 7), Upsell(("P",), ("Q",), 7, same_order=True)
    assert value(shop, "upsell_conversion_rate", upsells=(refill,)) == Fraction(1, 5)
    assert value(shop, "upsell_conversion_rate", upsells=(same,)) == Fraction(2, 5)
    assert value(shop, "upsell_conversion_rate", "day", 3, upsells=(refill,)) == Fraction(1, 3)
    assert value(shop, "upsell_conversion_rate", "day", 10, upsells=(refill,)) is None
    back = Upsell(("Q",), ("P",), 30)  # five customers too, of whom Dan succeeds
    assert value(shop, "upsell_conversion_rate", upsells=(refill, back)) == Fraction(2, 10)
    assert value(shop, "upsell_conversion_rate") is None


def test_the_margin_is_of_lines_with_known_cost_and_refunds_on_their_own_day() -> None:
    abroad: dict[str, Any] = {"shop_id": "international", "currency": "USD"}
    shop = world(
        shops=SHOPS,
        products=[e.Product("P", "Carnet", "product", 1200, 500), UPSOLD, PRODUCTS[1]],
        orders=[order("1"), order("2", **abroad), order("UNKNOWN", is_tax_known=False), order("TEST", is_test=True)],
        order_lines=[
            line("1", "P", 3, discount=360, tax=540), line("1", "Q"), line("1", "G"),
            line("2", "P", 2, 1000, discount=100, tax=380), line("UNKNOWN", "P"), line("TEST", "P"),
        ],
        refunds=[
            e.Refund("r1", "1", "1 P", at(5), 1, 900, 180), e.Refund("r2", "2", "2 P", at(9), 1, 950, 190),
            e.Refund("r3", "1", "1 P", at(21), 1, 900, 180), e.Refund("r4", "1", "1 Q", at(5), 1, 1000, 200),
            e.Refund("r5", "TEST", "TEST P", at(5), 1, 1000, 200),
            e.Refund("r6", "UNKNOWN", "UNKNOWN P", at(5), 1, 1000, 200),
        ],
        rates=[e.Rate(date(2026, 3, day), "USD", rate, at(day, 15)) for day, rate in ((3, "1.25"), (9, "1.90"))],
    )  # fmt: skip
    # The 3rd: 27.00 and 15.20, five units at 5.00; the 5th: 9.00 and a unit back; the 9th: 9.50 USD and a unit back.
    assert value(shop, "gross_margin_rate", "day", 3) == Fraction("17.2") / Fraction("42.2")
    assert value(shop, "gross_margin_rate", "day", 5) == Fraction(-9 + 5, -9)
    assert value(shop, "gross_margin_rate", "day", 4) is None
    assert value(shop, "gross_margin_rate") == Fraction("13.2") / Fraction("28.2")


def test_a_cost_in_euros_is_converted_at_the_rate_of_the_day() -> None:
    shop = world(
        shops=SHOPS,
        products=[e.Product("P", "Carnet", "product", 1200, 500)],
        orders=[order("1"), order("2", paid=at(5))],
        order_lines=[line("1", "P"), line("2", "P")],
        rates=[e.Rate(date(2026, 3, 4), "USD", "1.5", at(4, 15))],
    )
    assert value(shop, "gross_margin_rate", currency="USD") == Fraction("10.5") / 18  # the first has no rate yet


def test_without_any_opt_in_the_days_start_at_the_first_account() -> None:
    orders = [
        order("1", "never@mail.example", at(4)), order("2", "bob@mail.example", at(4)), order("3", CY, at(4)),
        order("4", DAN, at(4)), order("5", EVE, at(4), opted_in=True),
    ]  # fmt: skip
    customers = [
        account(" NEVER@mail.example", at(3)), account("never@mail.example", at(2)),
        account("bob@mail.example", at(2)),  # his opt-in is known, though it came after the purchase
        account(CY, at(5)), account(DAN, at(3), "international"), account(EVE, at(2)),
        account("old@mail.example", at(1)),  # before the history: what was bought first is unknown
    ]  # fmt: skip
    orders.append(order("6", "old@mail.example", at(6)))
    shop = world(**LISTS, shops=SHOPS, orders=orders, customers=customers)
    assert value(shop, "avg_days_to_first_purchase", shops=("boutique",)) == Fraction(2 + 0, 2)
    assert value(shop, "avg_days_to_first_purchase") == Fraction(2 + 1 + 0, 3)


def test_what_a_shop_has_deleted_by_the_last_refresh_counts_no_more() -> None:
    """Refreshed on the 20th, and on the 10th, when nothing had been deleted."""
    early, gone = [refresh(10)], at(15)
    products = [e.Product("P", "Soap", "product", 1200, 300), e.Product("Q", "Balm", "product", 1200, 600)]
    shop = world(
        **LISTS, shops=SHOPS, products=products,
        customers=[e.Customer("C1", "boutique", 1, "ada@mail.example", at(2), gone)],
        orders=[
            order("B1", "ada@mail.example", at(3)), order("B2", paid=at(4), deleted_at=gone),
            order("I1", paid=at(5), shop_id="international"),
        ],
        order_lines=[line("B1", "P"), line("B1", "Q"), line("B2", "P"), line("I1", "P")],
        refunds=[e.Refund("R1", "B1", "B1 P", at(6), 1, 1200, 0, undone_at=gone)],
        withdrawals=[e.Withdrawal("international", "P", gone)],
    )  # fmt: skip
    assert value(shop, "purchases", refreshes=early) == 3
    assert value(shop, "purchases") == 2
    assert value(shop, "avg_days_to_first_purchase", refreshes=early) == 1
    assert value(shop, "avg_days_to_first_purchase") is None  # nobody knows any more since when she was known
    # four lines of 12.00 less the refund; 3.00 a soap and 6.00 a balm, less the soap that came back
    assert value(shop, "gross_margin_rate", refreshes=early) == Fraction(36 - 12, 36)
    # 12.00 each for a soap and a balm; what the soap of the other shop had cost is gone
    assert value(shop, "gross_margin_rate") == Fraction(24 - 9, 24)


def test_spend_counts_once_it_is_noted() -> None:
    day = date(2026, 3, 8)
    spend = [e.OtherSpend(day, "partner", "b", 600, "EUR", at(17)), e.OtherSpend(day, "flyers", "a", 300, "EUR")]
    noted = world(**LISTS, other_spend=spend)
    assert value(noted, "cost_per_prospect", refreshes=[refresh(17)]) == Fraction(3, 3)
    assert value(noted, "cost_per_prospect") == Fraction(9, 3)


def test_spend_noted_by_hand_is_summed_per_channel_before_it_is_converted() -> None:
    day = date(2026, 3, 8)  # a Sunday
    spend = [
        e.OtherSpend(day, "flyers", "a", 1000, "EUR"), e.OtherSpend(day, "partner", "b", 550, "USD"),
        e.OtherSpend(day, "partner", "c", 550, "USD"), e.OtherSpend(date(2026, 3, 20), "flyers", "a", 1000, "EUR"),
    ]  # fmt: skip
    noted = world(**LISTS, other_spend=spend, rates=[e.Rate(date(2026, 3, 6), "USD", "1.20", at(6))])
    assert value(noted, "cost_per_prospect") == Fraction("19.166667") / 3  # 10 EUR + 11 USD / 1.20
    assert value(noted, "cost_per_prospect", refreshes=[refresh(8)]) == 0
    assert value(noted, "cost_per_prospect", has_other_spend=False) == 0
