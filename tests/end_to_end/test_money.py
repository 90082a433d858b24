"""Money from files, Shopify and Stripe in seven currencies, at the ECB's rates: each figure worked out by hand.

Units of a currency for one euro, in 2026. 28 and 29 March are a week-end, on whose Sunday the clocks go forward; from
Good Friday, 3 April, to Easter Monday the ECB publishes nothing. It has no rate of dirhams (MAD) and dinars (KWD), and
none of roubles (RUB) after 26 March.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox import events as e
from tests.end_to_end.small_business import Small, served

RATES: dict[str, tuple[str, str, str]] = {  # USD, JPY, ISK
    "03-26": ("1.60", "100", "150"),
    "03-27": ("1.25", "125", "150"),
    "03-30": ("1.00", "160", "150"),
    "03-31": ("1.10", "161", "150"),
    "04-01": ("1.15", "155", "150"),
    "04-02": ("1.20", "150", "150"),
    "04-07": ("1.60", "200", "140"),
    "04-08": ("2.00", "250", "140"),  # out at 16:00 in Frankfurt, 14:00 UTC
}
FIRST_DAY = date(2026, 3, 26)
BEFORE_THE_RATE = datetime(2026, 4, 8, 12, 30, tzinfo=UTC), date(2026, 4, 8)
MONTHS_LATER = datetime(2026, 8, 3, 5, tzinfo=UTC), date(2026, 8, 2)

# Lines of orders as the shop's own software exports them.
LINES = """order,paid,item,units,price,currency
OLD,2026-03-20T10:00:00Z,soap,1,10.00,USD
E1,2026-03-26T10:00:00Z,soap,3,10.00,EUR
U1,2026-03-28T10:00:00Z,soap,1,25.00,USD
J1,2026-03-29T21:30:00Z,soap,1,2500,JPY
U2,2026-03-30T10:00:00Z,soap,4,2.50,USD
R1,2026-03-30T11:00:00Z,soap,1,900.00,RUB
U3,2026-04-03T10:00:00Z,soap,1,24.00,USD
J2,2026-04-06T10:00:00Z,soap,1,3000,JPY
M1,2026-04-07T10:00:00Z,soap,2,100.00,MAD
E2,2026-04-07T11:00:00Z,bead,1000,0.01234,EUR
U4,2026-04-07T12:00:00Z,bead,3000,0.000532,USD
U5,2026-04-08T10:00:00Z,soap,1,32.00,USD
"""
# Orders as another one exports them: in one sum.
ORDERS = """order,paid,amount,units,currency
W1,2026-03-28T12:00:00Z,50.00,2,USD
M2,2026-04-07T13:00:00Z,70.00,1,MAD
"""
SPEND = """day,channel,amount,currency
2026-03-26,radio,50,EUR
2026-03-29,radio,25,USD
2026-04-06,radio,3000,JPY
2026-04-07,radio,100,MAD
2026-04-07,press,10,EUR
"""
LEADS = """email,at
one@mail.example,2026-03-26T09:00:00Z
two@mail.example,2026-03-29T09:00:00Z
three@mail.example,2026-04-06T09:00:00Z
four@mail.example,2026-04-07T09:00:00Z
"""
SETTINGS = """
[business]
name = "Ada"
history_start = 2026-03-26
orders_from = ["files", "shopify", "stripe"]
[sources.ecb]
[sources.shopify]
shop = "international"
[sources.stripe]
[sources.files.feeds.lines]
entity = "order_lines"
location = "{folder}/lines.csv"
[sources.files.feeds.lines.columns]
order_id = "order"
paid_at = "paid"
product_id = "item"
quantity = "units"
unit_price = "price"
currency = "currency"
[sources.files.feeds.orders]
entity = "orders"
location = "{folder}/orders.csv"
[sources.files.feeds.orders.columns]
order_id = "order"
paid_at = "paid"
amount = "amount"
units = "units"
currency = "currency"
[sources.files.feeds.spend]
entity = "spend"
location = "{folder}/spend.csv"
[sources.files.feeds.spend.columns]
date_day = "day"
channel = "channel"
amount = "amount"
currency = "currency"
[sources.files.feeds.leads]
entity = "leads"
location = "{folder}/leads.csv"
[sources.files.feeds.leads.columns]
email_key = "email"
opted_in_at = "at"
"""


def at(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def order(order_id: str, shop_id: str, currency: str, paid: datetime, transaction_id: str) -> e.Order:
    """An order of Grace's without tax, shipping or fees."""
    return e.Order(
        order_id=order_id, shop_id=shop_id, customer_id="C1", person_id=1, email="grace@mail.example", placed_at=paid,
        paid_at=paid, currency=currency, is_tax_known=True, shipping=0, shipping_tax=0, tip=0, fee=0, is_test=False,
        voided_at=None, cancelled_at=None, opted_in=False, transaction_id=transaction_id,
    )  # fmt: skip


def world() -> e.World:
    """A sale in dollars at Shopify, half of it given back four days later; payments at Stripe on 1 April."""
    rates = [
        e.Rate(date.fromisoformat(f"2026-{day}"), currency, rate, datetime.fromisoformat(f"2026-{day}T14:00:00Z"))
        for day, by_currency in RATES.items()
        for currency, rate in zip(("USD", "JPY", "ISK"), by_currency, strict=True)
    ]
    return e.World(
        FIRST_DAY,
        date(2026, 8, 2),
        shops=[e.Shop("international", "International", False), e.Shop("boutique", "Boutique", False)],
        products=[e.Product("soap", "Soap", "product", 2000, 400)],  # costs 4 euros
        customers=[e.Customer("C1", "international", 1, "grace@mail.example", at(3, 26, 8))],
        people=[e.Person(1, "grace@mail.example", (), "Grace", "Hopper", "", "", "US")],
        orders=[
            order("S1", "international", "USD", at(3, 26), ""),
            *(order(one, "boutique", one, at(4, 1), f"T-{one}") for one in ("KWD", "JPY", "ISK")),
        ],
        order_lines=[
            e.OrderLine("S1", "S1-1", "soap", 2, 2000, 0, 0),
            e.OrderLine("KWD", "KWD-1", "soap", 2, 2560, 0, 0),  # 2.560 dinars each
            e.OrderLine("JPY", "JPY-1", "soap", 1, 1550, 0, 0),  # 1550 yen
            e.OrderLine("ISK", "ISK-1", "soap", 1, 600, 0, 0),  # 600 krónur
        ],
        refunds=[e.Refund("R1", "S1", "S1-1", at(3, 30), 1, 2000, 0)],
        rates=[*rates, e.Rate(date(2026, 3, 26), "RUB", "90", at(3, 26, 14))],
    )


@pytest.fixture(scope="module")
def business(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What was published before the last day's rate was out, months later, and with dollars to report in."""
    folder = tmp_path_factory.mktemp("money")
    for name, text in {"lines": LINES, "orders": ORDERS, "spend": SPEND, "leads": LEADS}.items():
        (folder / f"{name}.csv").write_text(text)
    with served(world(), BEFORE_THE_RATE[0]) as vendors:
        small = Small(vendors, folder, SETTINGS.format(folder=folder))
        small.refresh(*BEFORE_THE_RATE)
        first = published(small)
        small.refresh(*MONTHS_LATER)
        later = published(small)
        small.refresh(*MONTHS_LATER, currency="USD")
        yield {"first": first, "later": later, "in dollars": published(small)}


def published(small: Small) -> dict[str, Any]:
    """Days that have something, by what is asked."""
    basket = "kpi_values where kpi_id = 'average_basket' and grain = 'day' and"
    return {
        "said": "\n".join(small.said),
        "basket": small.by_day("numerator, denominator", f"(select * from {basket} denominator > 0)"),
        "average": small.rows(
            "select value, unit from kpi_values where kpi_id = 'average_basket' and grain = 'month' and "
            "period_start = '2026-04-01'"
        )[0],
        "is_provisional": small.by_day("is_provisional", f"(select * from {basket} period_start >= '2026-03-26')"),
        "counted": small.by_day(
            "purchases, valued_purchases, purchases_unconverted, cast(products_sold as integer)",
            "(select * from kpi_conversion where purchases > 0)",
        ),
        "spend": small.by_day(
            "spend, spend_rows_unconverted, cost_per_prospect", "(select * from kpi_capture where new_prospects > 0)"
        ),
        "margin": small.by_day(
            "numerator, denominator",
            "(select * from kpi_values where kpi_id = 'gross_margin_rate' and denominator != 0)",
        ),
        "stripe": small.rows(
            "select currency_charged, net_amount_charged, net_amount, currency from fct_order_lines "
            "where order_key like 'stripe:%' order by 1"
        ),
        "unconverted": small.rows(
            "select distinct currency_charged from fct_orders where not is_converted and date_day >= '2026-03-26' "
            "order by 1"
        ),
    }


def test_each_day_is_converted_at_the_last_rate_published_by_then(business: dict[str, Any]) -> None:
    assert business["first"]["basket"] == {
        "03-26": (Decimal("66.36"), 2),  # 3 × 10 €, and 36.36 €, which the shop counts for its 2 × 20 $ / 1.10
        "03-28": (Decimal(60), 2),  # Saturday at Friday's rate: 25 $ / 1.25, and 50 $ / 1.25
        "03-29": (Decimal(20), 1),  # Sunday, 23:30 in Paris, at Friday's: 2500 ¥ / 125
        "03-30": (Decimal(10), 1),  # 4 × 2.50 $ / 1.00
        "04-01": (Decimal(14), 2),  # 1550 ¥ / 155, and 600 krónur / 150
        "04-03": (Decimal(20), 1),  # Good Friday at Thursday's: 24 $ / 1.20
        "04-06": (Decimal(20), 1),  # Easter Monday at Thursday's: 3000 ¥ / 150
        "04-07": (Decimal("13.3375"), 2),  # 1000 × 0.01234 €, and 3000 × 0.000532 $ / 1.60
        "04-08": (Decimal(20), 1),  # before the day's rate is out, at that of the day before: 32 $ / 1.60
    }


def test_a_day_without_its_rate_is_provisional_and_corrected_by_the_rate(business: dict[str, Any]) -> None:
    assert business["first"]["is_provisional"]["04-08"] is True
    later = business["later"]
    assert later["is_provisional"]["04-08"] is False
    assert later["basket"] == business["first"]["basket"] | {"04-08": (Decimal(16), 1)}  # 32 $ / 2.00
    # (14 + 20 + 20 + 13.3375 + 16) / 7
    assert later["average"] == (pytest.approx(83.3375 / 7, rel=1e-9), "EUR")


def test_without_a_rate_an_order_counts_as_a_purchase_and_has_no_value(business: dict[str, Any]) -> None:
    assert business["first"]["counted"] == {
        "03-26": (2, 2, 0, 5),
        "03-28": (2, 2, 0, 3),
        "03-29": (1, 1, 0, 1),
        "03-30": (2, 1, 1, 5),  # roubles: their last rate is of an earlier day than the others'
        "04-01": (3, 2, 1, 4),  # dinars
        "04-03": (1, 1, 0, 1),
        "04-06": (1, 1, 0, 1),
        "04-07": (4, 2, 2, 4003),  # dirhams, by lines and in one sum
        "04-08": (1, 1, 0, 1),
    }
    assert business["first"]["unconverted"] == [("KWD",), ("MAD",), ("RUB",)]


def test_the_refresh_warns_of_what_has_no_rate(business: dict[str, Any]) -> None:
    """Purchases in three currencies, spend in one; the order that is older than the history is not among them."""
    assert "warning: every_amount_has_a_rate: Got 4 results" in business["first"]["said"]


def test_spend_without_a_rate_leaves_the_cost_and_is_counted_beside(business: dict[str, Any]) -> None:
    assert business["first"]["spend"] == {
        "03-26": (Decimal(50), 0, 50.0),
        "03-29": (Decimal(20), 0, 20.0),
        "04-06": (Decimal(20), 0, 20.0),
        "04-07": (Decimal(10), 1, 10.0),
    }


def test_a_refund_is_converted_at_the_rate_of_its_own_day(business: dict[str, Any]) -> None:
    assert business["first"]["margin"] == {
        "03-26": (Decimal("28.36"), Decimal("36.36")),  # 40 $ as the shop counts them, less 2 × 4 €
        "03-30": (Decimal("-14.18"), Decimal("-18.18")),  # 20 $ back as the shop counts them, and a soap of 4 €
    }


def test_stripes_amounts_are_in_its_own_units_of_each_currency(business: dict[str, Any]) -> None:
    assert business["first"]["stripe"] == [
        ("ISK", Decimal(600), Decimal(4), "EUR"),  # told as 60000
        ("JPY", Decimal(1550), Decimal(10), "EUR"),  # told as 1550
        ("KWD", Decimal("5.12"), None, "EUR"),  # told as 5120
    ]


def test_another_reporting_currency_goes_through_the_euro(business: dict[str, Any]) -> None:
    in_dollars = business["in dollars"]
    assert in_dollars["basket"] == {
        "03-26": (Decimal("106.176"), 2),  # 30 € and 36.36 €, × 1.60
        "03-28": (Decimal(75), 2),  # 25 $ and 50 $
        "03-29": (Decimal(25), 1),  # 2500 ¥ / 125 × 1.25
        "03-30": (Decimal(10), 1),
        "04-01": (Decimal("16.1"), 2),  # (1550 ¥ / 155 + 600 krónur / 150) × 1.15
        "04-03": (Decimal(24), 1),
        "04-06": (Decimal(24), 1),  # 3000 ¥ / 150 × 1.20
        "04-07": (Decimal("21.34"), 2),  # 12.34 € × 1.60, and 1.596 $
        "04-08": (Decimal(32), 1),
    }
    assert in_dollars["average"] == (pytest.approx(117.44 / 7, rel=1e-9), "USD")
    assert in_dollars["unconverted"] == business["first"]["unconverted"]
    assert in_dollars["spend"]["04-07"] == (Decimal(16), 1, 16.0)
