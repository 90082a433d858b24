"""WooCommerce's orders as they are paid: what its answers say of purchases, baskets and refunds."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.load import create_empty
from pipelines.rows import to_arrow
from pipelines.sources.woocommerce import CONNECTOR
from tests.staging import stage, staged

Item = dict[str, Any]
DAY_1, DAY_2, DAY_3 = (f"2026-03-0{day}T10:00:00" for day in range(1, 4))
BORN = "2026-02-28T10:00:00"


def line(number: int, total: str, tax: str = "0.00", **more: Any) -> Item:
    taxes = [{"id": 1, "total": tax}] if float(tax) else []
    plain = {"id": number, "name": "P", "product_id": number, "sku": f"S{number}", "quantity": 1, "total": total}
    return plain | {"total_tax": tax, "taxes": taxes, "cost_of_goods_sold": {"value": 40}} | more


def fee(number: int, total: str, tax: str = "0.00") -> Item:
    return {"id": number, "total": total, "total_tax": tax, "taxes": [], "kind": "fee"}


def order(number: int, total: str, lines: list[Item], paid: str | None = DAY_1, **more: Any) -> Item:
    plain = {
        "site": "s", "id": number, "parent_id": 0, "number": str(number), "status": "processing", "currency": "EUR",
        "total": total, "total_tax": "0.00", "payment_method": "bacs", "date_created_gmt": BORN,
        "date_modified_gmt": DAY_3, "date_paid_gmt": paid, "date_completed_gmt": None, "customer_id": 0,
        "billing": {"email": "a@b.example", "country": "FR"}, "shipping": {"country": "FR"},
        "prices_include_tax": False, "is_test": False, "has_opted_in": False, "line_items": lines,
        "shipping_lines": [], "fee_lines": [],
    }  # fmt: skip
    return plain | more


def given_back(number: int, of: int, amount: str, *lines: Item, fees: tuple[Item, ...] = ()) -> Item:
    listed = {"line_items": list(lines), "shipping_lines": [], "fee_lines": list(fees)}
    return {"site": "s", "id": number, "parent_id": of, "date_created_gmt": DAY_2, "amount": amount} | listed


def back(of: int, total: str, tax: str = "0.00", quantity: int = -1) -> Item:
    return {"id": of * 10, "quantity": quantity, "total": total, "total_tax": tax, "refunded_item_id": str(of)}


ORDERS = [
    order(1, "28.44", [line(11, "14.99")], None, status="completed", date_completed_gmt=DAY_2),  # by bank transfer
    order(2, "10.00", [line(21, "10.00")], None, status="on-hold", date_completed_gmt=DAY_2),  # opened again since
    order(3, "10.00", [line(31, "10.00")], None),
    order(4, "10.00", [line(41, "10.00")], status="partially-paid"),  # the deposit's date
    order(5, "10.00", [line(51, "10.00")], status="shipped"),
    # A marketplace's order of 100, and what its plugin makes of it; a part of a whole that is in the trash; one alone.
    order(100, "100.00", [line(101, "60.00"), line(102, "40.00")], status="completed"),
    order(110, "60.00", [line(111, "60.00")], status="completed", parent_id=100),
    order(120, "40.00", [line(121, "40.00")], status="completed", parent_id=100),
    order(130, "40.00", [line(131, "40.00")], status="trash"),
    order(131, "40.00", [line(132, "40.00")], status="completed", parent_id=130),
    order(140, "40.00", [line(141, "40.00")], parent_id=139),
    order(200, "90.00", [line(201, "75.00"), line(202, "25.00")], fee_lines=[fee(203, "-10.00")]),
    order(210, "0.00", [line(211, "10.00")], fee_lines=[fee(212, "-15.00"), fee(213, "5.00")]),
    order(300, "120.00", [line(301, "100.00", "20.00")], status="refunded", total_tax="20.00"),
    order(310, "240.00", [line(311, "100.00", "20.00"), line(312, "100.00", "20.00")], total_tax="40.00"),
    order(320, "120.00", [line(321, "100.00", "20.00")], total_tax="20.00"),
]
REFUNDS = [
    given_back(9001, 300, "120.00"),  # set to "refunded"
    given_back(9002, 310, "96.00", back(311, "-100.00", "-20.00")),  # a fifth is kept
    given_back(9003, 320, "60.00", back(321, "0.00")),  # a unit came back, and money that no line names
    given_back(9004, 110, "60.00", back(111, "-60.00")),  # of a part, and not of the whole
    given_back(9005, 200, "90.00", back(201, "-75.00"), back(202, "-25.00"), fees=(back(203, "10.00"),)),
    given_back(9006, 3, "4.00", back(0, "-4.00")),  # of a line that the order does not have
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("woocommerce")
    create_empty(CONNECTOR, folder / "warehouse.duckdb")
    for name, rows in (("orders", ORDERS), ("refunds", REFUNDS)):
        told = to_arrow("woocommerce", name, CONNECTOR.tables[name], json.loads(json.dumps(rows)))
        with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
            columns = ", ".join(told.column_names)
            warehouse.register("told", told)
            warehouse.execute(f"insert into raw_woocommerce.{name} ({columns}) select {columns} from told")
    stage(folder, CONNECTOR)
    return folder


def paid_on(data: Path, *numbers: int) -> dict[int, str | None]:
    where = f"order_id in ({', '.join(repr(str(one)) for one in numbers)})"
    found = staged(data, "stg_woocommerce__orders", "order_id, strftime(paid_at, '%d')", where)
    return {int(order_id): day for order_id, day in found}


def test_an_order_without_a_date_of_payment_is_paid_when_it_is_completed(data: Path) -> None:
    assert paid_on(data, 1, 2, 3) == {1: "02", 2: None, 3: None}


def test_a_part_payment_is_none_and_a_plugins_status_is_paid_by_its_date(data: Path) -> None:
    assert paid_on(data, 4, 5) == {4: None, 5: "01"}


def test_an_order_that_a_marketplace_splits_is_one(data: Path) -> None:
    assert paid_on(data, 100, 110, 120, 130, 131, 140) == {100: "01", 131: "01", 140: "01"}


def test_a_negative_fee_is_a_discount_of_which_each_product_has_its_share(data: Path) -> None:
    lines = staged(data, "stg_woocommerce__order_lines", "order_line_id, net_amount", "order_id in ('200', '210')")
    assert dict(lines) == {
        **{"201": Decimal("67.5"), "202": Decimal("22.5"), "203": 0},
        **{"211": 0, "212": 0, "213": 5},  # more cannot be taken off than the products cost
    }


def test_what_was_given_back_is_what_was_given_back(data: Path) -> None:
    columns = "refund_id, order_id, order_line_id, quantity, net_amount"
    assert staged(data, "stg_woocommerce__refunds", columns) == [
        ("9001", "300", None, 0, 100),
        ("9002", "310", "311", 1, 80),
        ("9003", "320", "321", 1, 0),
        ("9003", "320", None, 0, 50),
        ("9004", "100", "111", 1, 60),
        ("9005", "200", "201", 1, Decimal("67.5")),
        ("9005", "200", "202", 1, Decimal("22.5")),
        ("9006", "3", "0", 1, 4),
    ]
