"""Shopify's orders as they are paid: what its answers say of purchases, baskets and refunds."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.load import create_empty
from pipelines.rows import to_arrow
from pipelines.sources.shopify import CONNECTOR, is_undecided
from tests.staging import stage, staged

Item = dict[str, Any]
DAY_1, DAY_2, DAY_3, DAY_4 = (f"2026-03-0{day}T10:00:00Z" for day in range(1, 5))


def bag(amount: float, own: float | None = None) -> Item:
    """Money in euros; with `own`, dollars of which the shop has so many euros."""
    if own is None:
        return {"presentmentMoney": {"amount": str(amount), "currencyCode": "EUR"}}
    return {
        "presentmentMoney": {"amount": str(amount), "currencyCode": "USD"},
        "shopMoney": {"amount": str(own), "currencyCode": "EUR"},
    }


def line(name: str, amount: Item, quantity: int = 1) -> Item:
    return {
        "id": f"gid://shopify/LineItem/{name}", "title": name, "sku": name, "quantity": quantity, "isGiftCard": False,
        "product": {"id": f"gid://shopify/Product/{name}"}, "variant": None, "originalTotalSet": amount,
        "discountAllocations": [], "taxLines": [],
    }  # fmt: skip


def paid(amount: Item, at: str, kind: str = "SALE", **more: Any) -> Item:
    found = {"id": f"{kind} {at}", "kind": kind, "status": "SUCCESS", "createdAt": at, "processedAt": at}
    return found | {"amountSet": amount} | more


def refund(amount: Item, at: str, *lines: tuple[str, int, Item], shipping: Item | None = None) -> Item:
    given = {"subtotalAmountSet": shipping, "taxAmountSet": bag(0)}
    return {
        "id": f"gid://shopify/Refund/{at}",
        "createdAt": at,
        "totalRefundedSet": amount,
        "refundLineItems": [
            {"lineItem": {"id": f"gid://shopify/LineItem/{name}"}, "quantity": quantity, "subtotalSet": worth,
             "totalTaxSet": bag(0)}
            for name, quantity, worth in lines
        ],
        "refundShippingLines": [given] if shipping else [],
    }  # fmt: skip


def order(total: Item, lines: list[Item], transactions: list[Item], *, status: str = "PAID", **more: Any) -> Item:
    made: Item = {
        "shop": "s", "id": "gid://shopify/Order/1", "name": "#1", "createdAt": DAY_1, "processedAt": DAY_1,
        "updatedAt": DAY_4, "test": False, "taxesIncluded": False, "displayFinancialStatus": status,
        "presentmentCurrencyCode": total["presentmentMoney"]["currencyCode"], "totalPriceSet": total,
        "originalTotalPriceSet": total, "totalTipReceivedSet": bag(0), "additionalFees": [], "refunds": [],
        "lineItems": lines, "transactions": transactions,
    }  # fmt: skip
    return made | more


def sale(name: str, quantity: int, amount: float, action: str = "ORDER") -> Item:
    found: Item = {"actionType": action, "quantity": quantity, "totalAmount": bag(amount), "totalTaxAmount": bag(0)}
    return found | {"lineItem": {"id": f"gid://shopify/LineItem/{name}"}}


def agreed(at: str, reason: str, *sales: Item) -> Item:
    return {"happenedAt": at, "reason": reason, "sales": list(sales)}


SHORT = datetime.fromisoformat
A100, A60, A40, A30 = bag(100), bag(60), bag(40), bag(30)
GIVEN_BACK: Item = {"refunds": [refund(bag(80), DAY_3, ("a", 1, A100))], "status": "PARTIALLY_REFUNDED"}
EXCHANGED = refund(bag(0), DAY_3, ("a", 1, A100))

# name → order, day on which it counts, (line, units, worth) of its basket, (line, units, worth) of what was given back
CASES: dict[str, tuple[Item, str | None, list[tuple[Any, ...]], list[tuple[Any, ...]]]] = {
    "an even exchange": (
        order(bag(200), [line("a", A100), line("b", A100)], [paid(A100, DAY_1)], originalTotalPriceSet=A100,
              refunds=[EXCHANGED]),
        DAY_1, [("a", 1, 100)], [],
    ),
    "a line added and never paid": (
        order(bag(150), [line("a", A100), line("b", bag(50))], [paid(A100, DAY_1)], status="PARTIALLY_PAID",
              originalTotalPriceSet=A100),
        DAY_1, [("a", 1, 100)], [],
    ),
    "a line added later and paid later": (
        order(bag(150), [line("a", A100), line("b", bag(50))], [paid(A100, DAY_1), paid(bag(50), DAY_3)],
              originalTotalPriceSet=A100),
        DAY_1, [("a", 1, 100)], [],
    ),
    "a line added later, paid later and given back": (
        order(bag(150), [line("a", A100), line("b", bag(50))], [paid(A100, DAY_1), paid(bag(50), DAY_2)],
              status="PARTIALLY_REFUNDED", originalTotalPriceSet=A100,
              refunds=[refund(bag(50), DAY_3, ("b", 1, bag(50)))]),
        DAY_1, [("a", 1, 100)], [],
    ),
    "what came in exchange is given back": (
        order(bag(200), [line("a", A100), line("b", A100)], [paid(A100, DAY_1), paid(A100, DAY_4, "REFUND")],
              status="REFUNDED", originalTotalPriceSet=A100,
              refunds=[EXCHANGED, refund(A100, DAY_4, ("b", 1, A100))]),
        DAY_1, [("a", 1, 100)], [(None, 0, 100)],
    ),
    "a line added before all is paid": (
        order(bag(150), [line("a", A100), line("b", bag(50))], [paid(bag(150), DAY_2)], originalTotalPriceSet=A100),
        DAY_2, [("a", 1, 100), ("b", 1, 50)], [],
    ),
    "lines swapped before payment": (
        order(A60, [line("a", A100), line("b", A60)], [paid(A60, DAY_3)], originalTotalPriceSet=A100,
              refunds=[refund(bag(0), DAY_2, ("a", 1, A100))]),
        DAY_3, [("b", 1, 60)], [],
    ),
    "a line removed before payment": (
        order(A60, [line("a", A60), line("b", A40)], [paid(A60, DAY_3)], originalTotalPriceSet=A100,
              refunds=[refund(bag(0), DAY_2, ("b", 1, A40))]),
        DAY_3, [("a", 1, 60)], [],
    ),
    "units removed before payment": (
        order(A60, [line("a", A100, 5)], [paid(A60, DAY_3)], originalTotalPriceSet=A100,
              refunds=[refund(bag(0), DAY_2, ("a", 2, A40))]),
        DAY_3, [("a", 3, 60)], [],
    ),
    "a deposit is completed by taking a line off": (
        order(A60, [line("a", A60), line("b", A40)], [paid(A60, DAY_1)], originalTotalPriceSet=A100,
              refunds=[refund(bag(0), DAY_2, ("b", 1, A40))]),
        DAY_2, [("a", 1, 60)], [],
    ),
    "a deposit given back": (
        order(A100, [line("a", A100)], [paid(A30, DAY_1), paid(A30, DAY_2, "REFUND")], status="REFUNDED",
              cancelledAt=DAY_2, refunds=[refund(A30, DAY_2, ("a", 1, A100))]),
        None, [], [],
    ),
    "a deposit given back in part": (
        order(A100, [line("a", A100)], [paid(A30, DAY_1), paid(bag(20), DAY_2, "REFUND")],
              status="PARTIALLY_REFUNDED", refunds=[refund(bag(20), DAY_2)]),
        None, [("a", 1, 100)], [],
    ),
    "a deposit given back, then all paid": (
        order(A100, [line("a", A100)], [paid(A60, DAY_1), paid(A60, DAY_2, "REFUND"), paid(A100, DAY_3)],
              refunds=[refund(A60, DAY_2)]),
        DAY_3, [("a", 1, 100)], [],
    ),
    "a deposit alone": (order(A100, [line("a", A100)], [paid(A30, DAY_1)], status="PARTIALLY_PAID"),
                        None, [("a", 1, 100)], []),
    "paid in two parts": (
        order(A100, [line("a", A100)], [paid(A30, DAY_1), paid(bag(70), DAY_4)]), DAY_4, [("a", 1, 100)], [],
    ),
    "a fee for restocking is kept": (
        order(A100, [line("a", A100)], [paid(A100, DAY_1)], **GIVEN_BACK), DAY_1, [("a", 1, 100)], [("a", 1, 80)],
    ),
    "a fee is kept of two lines": (
        order(A100, [line("a", A60), line("b", A40)], [paid(A100, DAY_1)],
              refunds=[refund(bag(90), DAY_3, ("a", 1, A60), ("b", 1, A40))]),
        DAY_1, [("a", 1, 60), ("b", 1, 40)], [("a", 1, 54), ("b", 1, 36)],
    ),
    "money without lines is given back": (
        order(A100, [line("a", A100)], [paid(A100, DAY_1)], refunds=[refund(bag(25), DAY_3)]),
        DAY_1, [("a", 1, 100)], [(None, 0, 25)],
    ),
    "more than the lines is given back": (
        order(A100, [line("a", A100, 2)], [paid(A100, DAY_1)], refunds=[refund(A60, DAY_3, ("a", 1, bag(50)))]),
        DAY_1, [("a", 2, 100)], [(None, 0, 10), ("a", 1, 50)],
    ),
    "shipping is given back": (
        order(bag(110), [line("a", A100)], [paid(bag(110), DAY_1)], refunds=[refund(bag(10), DAY_3, shipping=bag(10))],
              shippingLine={"discountedPriceSet": bag(10), "taxLines": []}),
        DAY_1, [("a", 1, 100)], [("shipping", 1, 10)],
    ),
    "an imported order": (
        order(A100, [line("a", A100)], [paid(A100, DAY_3)], createdAt=DAY_3), DAY_1, [("a", 1, 100)], [],
    ),
    "an imported order without its payment": (
        order(A100, [line("a", A100)], [], createdAt=DAY_3), DAY_1, [("a", 1, 100)], [],
    ),
    "an imported order that is paid here": (
        order(A100, [line("a", A100)], [paid(A100, DAY_4)], createdAt=DAY_3), DAY_4, [("a", 1, 100)], [],
    ),
    "a free order": (order(bag(0), [line("a", bag(0))], []), DAY_1, [("a", 1, 0)], []),
    "an order that was emptied": (
        order(bag(0), [line("a", A100)], [], originalTotalPriceSet=A100,
              refunds=[refund(bag(0), DAY_2, ("a", 1, A100))]),
        None, [], [],
    ),
    "a kind of payment that is new": (
        order(A100, [line("a", A100)], [paid(A100, DAY_1, "PLEDGE")]), DAY_1, [("a", 1, 100)], [],
    ),
    "a status that is new, and all is paid": (
        order(A100, [line("a", A100)], [paid(A100, DAY_2)], status="SETTLED"), DAY_2, [("a", 1, 100)], [],
    ),
    "a status that is new, and nothing is paid": (
        order(A100, [line("a", A100)], [], status="SETTLED"), None, [("a", 1, 100)], [],
    ),
    "more units after payment, by its agreements": (
        order(bag(200), [line("a", bag(200), 2)], [paid(A100, DAY_1), paid(A100, DAY_3)], originalTotalPriceSet=A100,
              agreements=[agreed(DAY_1, "ORDER", sale("a", 1, 100)), agreed(DAY_2, "ORDER_EDIT", sale("a", 1, 100))]),
        DAY_1, [("a", 1, 100)], [],
    ),
    "lines added and taken off before payment, by its agreements": (
        order(A100, [line("a", A60), line("b", A40), line("c", A40)], [paid(A100, DAY_3)],
              refunds=[refund(bag(0), DAY_2, ("b", 1, A40))],
              agreements=[agreed(DAY_1, "ORDER", sale("a", 1, 60), sale("b", 1, 40)),
                          agreed(DAY_2, "ORDER_EDIT", sale("b", -1, -40, "RETURN"), sale("c", 1, 40))]),
        DAY_3, [("a", 1, 60), ("c", 1, 40)], [],
    ),
    "a fee is kept, and cents of the shop are others": (
        order(
            bag(14.5, 13.18),
            [line("a", bag(14.5, 13.18))],
            [paid(bag(14.5, 13.18), DAY_1)],
            refunds=[refund(bag(11.6, 10.55), DAY_3, ("a", 1, bag(14.5, 13.18)))],
        ),
        DAY_1,
        [("a", 1, 13.18)],
        [("a", 1, 10.55)],
    ),
    "what a line cost is what the shop counts": (
        order(bag(110, 99), [line("a", bag(110, 99))], [paid(bag(110, 99), DAY_1)],
              refunds=[refund(bag(55, 49.5), DAY_3, ("a", 1, bag(110, 99)))]),
        DAY_1, [("a", 1, 99)], [("a", 1, 49.5)],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases as one shop's orders, staged."""
    folder = tmp_path_factory.mktemp("orders")
    rows: list[Mapping[str, Any]] = []
    for number, (one, *_) in enumerate(CASES.values()):
        text = json.dumps(one | {"id": f"gid://shopify/Order/{number}"})
        rows.append(
            json.loads(text.replace("LineItem/", f"LineItem/{number}:").replace("Refund/", f"Refund/{number}:"))
        )
    create_empty(CONNECTOR, folder / "warehouse.duckdb")
    table = to_arrow("shopify", "orders", CONNECTOR.tables["orders"], rows)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        columns = ", ".join(table.column_names)
        warehouse.register("told", table)
        warehouse.execute(f"insert into raw_shopify.orders ({columns}) select {columns} from told")
    stage(folder, CONNECTOR)
    return folder


def _name(of: str | None) -> str | None:
    return of and ("shipping" if of.startswith("ShippingLine") else of.rpartition(":")[2].rpartition("/")[2])


@pytest.mark.parametrize("case", CASES)
def test_an_order_counts_as_it_was_first_paid_and_gives_back_what_it_gave_back(data: Path, case: str) -> None:
    _, day, basket, given_back = CASES[case]
    number = list(CASES).index(case)
    where = f"order_id = '{number}'"
    assert staged(data, "stg_shopify__orders", "paid_at", where) == [(SHORT(day) if day else None,)]
    lines = staged(data, "stg_shopify__order_lines", "order_line_id, quantity, net_amount, line_kind", where)
    assert sorted((_name(one[0]), *map(float, one[1:3])) for one in lines if one[3] == "product") == basket
    refunds = staged(data, "stg_shopify__refunds", "order_line_id, quantity, net_amount", where)
    assert sorted(((_name(one[0]), *map(float, one[1:])) for one in refunds), key=str) == sorted(given_back, key=str)


def test_what_the_customer_was_charged_stands_beside(data: Path) -> None:
    number = list(CASES).index("what a line cost is what the shop counts")
    where = f"order_id = '{number}'"
    assert staged(data, "stg_shopify__orders", "currency, currency_charged", where) == [("EUR", "USD")]
    assert staged(data, "stg_shopify__order_lines", "net_amount, net_amount_charged", where) == [(99, 110)]
    assert staged(data, "stg_shopify__refunds", "net_amount_charged, currency, currency_charged", where) == [
        (55, "EUR", "USD")
    ]


def test_an_order_that_no_field_tells_to_be_paid_is_counted_beside() -> None:
    assert [name for name, (one, *_) in CASES.items() if is_undecided(one)] == [
        "a status that is new, and nothing is paid"
    ]
