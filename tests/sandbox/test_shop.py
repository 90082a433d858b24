"""The shops' order exports, over a real socket, with a world small enough to check by eye."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from sandbox.events import Order, OrderLine, Person, Product, Refund, Shop, World
from sandbox.server import Running, running

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

PAID = Order(
    order_id="B1",
    shop_id="boutique",
    customer_id="C1",
    person_id=1,
    email="Ada.L@example.com",
    placed_at=NOON,
    paid_at=NOON + HOUR,
    currency="EUR",
    is_tax_known=True,
    shipping=590,
    shipping_tax=98,
    tip=0,
    fee=0,
    is_test=False,
    voided_at=None,
    cancelled_at=None,
    opted_in=True,
    transaction_id="T1",
)
GUEST = replace(PAID, order_id="B2", customer_id=None, email="", is_tax_known=False, shipping=0, tip=100, fee=50)
YEN = replace(PAID, order_id="I1", shop_id="international", currency="JPY", shipping=800, shipping_tax=0)


@pytest.fixture
def world() -> World:
    day = date(2026, 3, 2)
    return World(
        day,
        day,
        people=[Person(1, "ada.l@example.com", (), "Ada", "Lovelace", "+33 6 00 00 00 01", "1 rue du Lac", "FR")],
        shops=[Shop("boutique", "La boutique", True), Shop("international", "The shop", False)],
        products=[
            Product("P1", "Carnet", "product", 1200, 450),
            Product("G1", "Carte cadeau", "gift_card", 5000, None),
        ],
        orders=[YEN, GUEST, PAID],
        order_lines=[
            OrderLine("B1", "L1", "P1", 3, 1200, 360, 540),
            OrderLine("B1", "L2", "G1", 1, 5000, 0, 0),
            OrderLine("B2", "L3", "P1", 1, 1200, 0, 200),
            OrderLine("I1", "L4", "P1", 2, 1500, 0, 0),
        ],
        refunds=[Refund("R1", "B1", "L1", NOON + 2 * HOUR, 1, 880, 176)],
    )


@pytest.fixture
def shop(world: World) -> Iterator[Running]:
    with running(world, NOON + 3 * HOUR) as sandbox:
        yield sandbox


def download(shop: Running, name: str, **headers: str) -> requests.Response:
    return requests.get(f"{shop.base_url}/shop/exports/{name}", headers=headers, timeout=5)


def boutique(shop: Running) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(download(shop, "orders.csv").content.decode())))


def international(shop: Running) -> list[dict[str, Any]]:
    return pq.read_table(BytesIO(download(shop, "international.parquet").content)).to_pylist()


def test_the_boutique_lists_every_line_with_charges_as_lines_of_their_own_kind(shop: Running) -> None:
    lines = [(line["Commande"], line["Type"], line["Quantité"], line["Prix unitaire TTC"]) for line in boutique(shop)]
    assert lines == [
        ("B1", "product", "3", "12.00"),
        ("B1", "gift_card", "1", "50.00"),
        ("B1", "shipping", "1", "5.90"),
        ("B2", "product", "1", "12.00"),
        ("B2", "fee", "1", "0.50"),
        ("B2", "tip", "1", "1.00"),
    ]


def test_a_boutique_line_repeats_its_order(shop: Running) -> None:
    first = boutique(shop)[0]
    assert first["Passée le"] == "2026-03-02T13:00:00+01:00"
    assert first["Payée le"] == "2026-03-02T14:00:00+01:00"
    assert (first["E-mail"], first["Newsletter"], first["Test"]) == ("Ada.L@example.com", "true", "false")
    assert (first["Remise TTC"], first["TVA"], first["Coût unitaire HT"]) == ("3.60", "5.40", "4.50")
    assert (first["Taxes incluses"], first["Statut"]) == ("true", "partially_refunded")


def test_an_unknown_tax_is_empty_on_every_line(shop: Running) -> None:
    assert {line["TVA"] for line in boutique(shop) if line["Commande"] == "B2"} == {""}


def test_the_international_export_is_typed_and_whole_yen_stay_whole(shop: Running) -> None:
    table = pq.read_table(BytesIO(download(shop, "international.parquet").content))
    assert table.schema.field("created_at").type == pa.timestamp("us", tz="UTC")
    product, shipping = table.to_pylist()
    assert (product["currency"], product["price"], product["quantity"]) == ("JPY", Decimal("1500.00"), 2)
    assert (shipping["line_type"], shipping["price"], shipping["taxes_included"]) == ("shipping", Decimal("800"), False)


def test_an_order_shows_from_its_placing_and_as_it_then_stands(shop: Running) -> None:
    shop.set_clock(NOON - HOUR)
    assert boutique(shop) == international(shop) == []
    shop.set_clock(NOON)
    assert {(line["Statut"], line["Payée le"]) for line in boutique(shop)} == {("pending", "")}
    shop.set_clock(NOON + HOUR)
    assert {line["Statut"] for line in boutique(shop)} == {"paid"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"is_test": True}, "test"),
        ({"voided_at": NOON + HOUR}, "voided"),
        ({"cancelled_at": NOON + HOUR}, "cancelled"),
        ({"paid_at": None}, "pending"),
    ],
)
def test_unfinished_orders_are_listed_with_their_status(
    shop: Running, world: World, change: dict[str, Any], status: str
) -> None:
    world.orders[:] = [replace(PAID, **change)]
    assert {line["Statut"] for line in boutique(shop)} == {status}


def test_all_units_given_back_make_a_refunded_order(shop: Running, world: World) -> None:
    world.refunds[:] = [Refund("R1", "B2", "L3", NOON + 2 * HOUR, 1, 1000, 200)]
    assert {line["Commande"]: line["Statut"] for line in boutique(shop)} == {"B1": "paid", "B2": "refunded"}


def test_an_unchanged_export_is_not_sent_again(shop: Running) -> None:
    first = download(shop, "orders.csv")
    assert first.headers["Last-Modified"] == "Mon, 02 Mar 2026 14:00:00 GMT"  # the refund
    assert download(shop, "orders.csv", **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert download(shop, "orders.csv", **{"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304
    shop.set_clock(NOON)
    assert download(shop, "orders.csv", **{"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_head_request_gives_the_headers_alone(shop: Running) -> None:
    head = requests.head(f"{shop.base_url}/shop/exports/orders.csv", timeout=5)
    assert head.content == b""
    assert head.headers["ETag"] == download(shop, "orders.csv").headers["ETag"]


def test_a_busy_shop_says_when_to_come_back(shop: Running) -> None:
    shop.fault("/shop/exports", "429")
    busy = download(shop, "orders.csv")
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")


def test_what_was_deleted_is_exported_no_more(shop: Running, world: World) -> None:
    at = NOON + 2 * HOUR + HOUR / 2
    world.orders[:] = [YEN, GUEST, replace(PAID, deleted_at=at)]
    world.refunds[:] = [Refund("R1", "B2", "L3", NOON + 2 * HOUR, 1, 1000, 200, undone_at=at)]
    shop.set_clock(at - HOUR / 4)
    before = download(shop, "orders.csv")
    assert {(row["Commande"], row["Statut"]) for row in boutique(shop)} == {("B1", "paid"), ("B2", "refunded")}
    shop.set_clock(at)
    assert {(row["Commande"], row["Statut"]) for row in boutique(shop)} == {("B2", "paid")}
    after = download(shop, "orders.csv", **{"If-Modified-Since": before.headers["Last-Modified"]})
    assert (after.status_code, after.headers["Last-Modified"]) == (200, "Mon, 02 Mar 2026 14:30:00 GMT")


def test_a_column_can_go_and_a_kind_be_renamed(shop: Running) -> None:
    shop.fault("/shop/exports/orders.csv", "missing_column")
    assert "Quantité" not in boutique(shop)[0]
    shop.fault("/shop/exports/orders.csv", "renamed_enum")
    assert {row["Type"] for row in boutique(shop)} == {"article", "gift_card", "shipping", "fee", "tip"}
    shop.fault("/shop/exports/international.parquet", "missing_column")
    assert "quantity" not in international(shop)[0]
    shop.fault("/shop/exports/international.parquet", "renamed_enum")
    assert {row["line_type"] for row in international(shop)} == {"article", "shipping"}


def test_a_column_can_appear_and_a_type_can_change(shop: Running) -> None:
    shop.fault("/shop/exports/orders.csv", "new_column")
    assert boutique(shop)[0]["Emballage cadeau"] == "true"
    shop.fault("/shop/exports/orders.csv", "changed_type")
    assert boutique(shop)[0]["Quantité"] == "3 pcs"
    shop.fault("/shop/exports/international.parquet", "new_column")
    assert international(shop)[0]["gift_wrap"] is True
    shop.fault("/shop/exports/international.parquet", "changed_type")
    assert international(shop)[0]["quantity"] == "2 pcs"
