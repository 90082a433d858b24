"""The files connector against the exports of two shops, over a real socket."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.identity import email_key
from sandbox.events import Order, OrderLine, Person, Product, Shop, World
from sandbox.server import Running, running
from tests.pipelines.files_feeds import DAY, NOON, feed, lines, pull, query, rejects

BOUTIQUE = {
    "order_id": "Commande",
    "ordered_at": "Passée le",
    "paid_at": "Payée le",
    "cancelled_at": "Annulée le",
    "voided_at": "Paiement annulé le",
    "customer_id": "Client",
    "email_key": "E-mail",
    "currency": "Devise",
    "product_id": "Référence",
    "product_name": "Article",
    "kind": "Type",
    "quantity": "Quantité",
    "unit_price": "Prix unitaire TTC",
    "discount_amount": "Remise TTC",
    "tax_amount": "TVA",
    "tax_included": "Taxes incluses",
    "unit_cost": "Coût unitaire HT",
    "is_test": "Test",
    "opted_in": "Newsletter",
    "country": "Pays",
}
INTERNATIONAL = {
    "order_id": "order_number",
    "ordered_at": "created_at",
    "paid_at": "first_paid_at",
    "cancelled_at": "cancelled_at",
    "voided_at": "payment_voided_at",
    "customer_id": "customer_number",
    "email_key": "email",
    "currency": "currency",
    "product_id": "sku",
    "product_name": "title",
    "kind": "line_type",
    "quantity": "quantity",
    "unit_price": "price",
    "discount_amount": "line_discount",
    "tax_amount": "tax_amount",
    "tax_included": "taxes_included",
    "is_test": "test",
    "opted_in": "accepts_marketing",
    "country": "shipping_country",
}


PAID = Order(
    order_id="B1",
    shop_id="boutique",
    customer_id="C1",
    person_id=1,
    email="Ada.L@example.com",
    placed_at=NOON,
    paid_at=NOON + timedelta(hours=1),
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


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A boutique with an order of three pens, and an international shop with an order of two, in yen."""
    yen = {"order_id": "I1", "shop_id": "international", "currency": "JPY", "shipping": 0, "email": ""}
    world = World(
        DAY,
        DAY,
        people=[Person(1, "ada.l@example.com", (), "Ada", "Lovelace", "", "", "FR")],
        shops=[Shop("boutique", "La boutique", True), Shop("international", "The shop", False)],
        products=[Product("P1", "Carnet", "product", 1200, 450)],
        orders=[PAID, Order(**{name: getattr(PAID, name) for name in PAID.__dataclass_fields__} | yen)],
        order_lines=[OrderLine("B1", "L1", "P1", 3, 1200, 360, 540), OrderLine("I1", "L2", "P1", 2, 1500, 0, 0)],
    )
    with running(world, NOON + timedelta(hours=3)) as sandbox:
        monkeypatch.setenv("SHOP_URL", sandbox.base_url)
        yield sandbox


def exports() -> dict[str, dict[str, Any]]:
    return {
        "boutique": feed("${SHOP_URL}/shop/exports/orders.csv?key=secret", columns=BOUTIQUE, constants={}),
        "world": feed("${SHOP_URL}/shop/exports/international.parquet", columns=INTERNATIONAL, constants={}),
    }


def test_the_exports_of_both_shops_load(vendor: Running, tmp_path: Path) -> None:
    result = pull(tmp_path, **exports())
    assert result.warnings == []
    columns = "file_id, order_id, kind, quantity, unit_price, discount_amount, tax_amount, tax_included, unit_cost"
    assert lines(tmp_path, columns) == [
        (
            "boutique/shop/exports/orders.csv",
            "B1",
            "product",
            3,
            12,
            Decimal("3.6"),
            Decimal("5.4"),
            True,
            Decimal("4.5"),
        ),
        ("boutique/shop/exports/orders.csv", "B1", "shipping", 1, Decimal("5.9"), 0, Decimal("0.98"), True, None),
        ("world/shop/exports/international.parquet", "I1", "product", 2, 1500, 0, 0, False, None),
    ]
    key = email_key("ada.l@example.com")
    more = "currency, email_key, customer_id, opted_in, is_test, country, strftime(paid_at, '%d %H:%M'), voided_at"
    assert lines(tmp_path, more) == [
        ("EUR", key, "C1", True, False, "FR", "02 13:00", None),
        ("EUR", key, "C1", True, False, "FR", "02 13:00", None),
        ("JPY", "", "C1", True, False, "FR", "02 13:00", None),
    ]


@pytest.mark.parametrize("kind", ["429", "500", "502_html", "timeout", "reset", "truncated"])
def test_a_passing_fault_is_survived(vendor: Running, tmp_path: Path, kind: str) -> None:
    vendor.fault(r"orders\.csv", kind, times=2, seconds=0.01)
    assert pull(tmp_path, **exports()).warnings == []
    assert len(lines(tmp_path)) == 3


def test_a_lasting_fault_fails_one_file_only_and_shows_no_secret(vendor: Running, tmp_path: Path) -> None:
    vendor.fault(r"orders\.csv", "500", times=100)
    result = pull(tmp_path, **exports())
    assert lines(tmp_path, "order_id") == [("I1",)]
    [told] = result.warnings
    assert "boutique/shop/exports/orders.csv cannot be fetched: 127.0.0.1/shop/exports/orders.csv is busy" in told
    assert "secret" not in told


def test_an_address_that_is_wrong_fails_without_naming_what_its_variable_holds(
    vendor: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cr3t")
    result = pull(tmp_path, gone=feed("${SHOP_URL}/shop/${SHOP_TOKEN}/orders.csv"))
    [told] = result.warnings
    assert "gone/shop/${SHOP_TOKEN}/orders.csv cannot be fetched: 127.0.0.1/shop/${SHOP_TOKEN}/orders.csv" in told
    assert "s3cr3t" not in told


def test_a_column_that_is_gone_is_named_and_the_former_rows_stay(vendor: Running, tmp_path: Path) -> None:
    pull(tmp_path, **exports())
    before = lines(tmp_path, "*")
    vendor.sandbox.set_clock(NOON + timedelta(hours=4))
    vendor.fault("/shop/exports/", "missing_column", times=2)
    [boutique, world] = pull(tmp_path, 1, **exports()).warnings
    assert boutique.startswith("files: boutique/shop/exports/orders.csv has no column 'Quantité' (for quantity); its ")
    assert world.startswith("files: world/shop/exports/international.parquet has no column 'quantity' (for quantity); ")
    assert "'Prix unitaire TTC', 'Remise TTC', 'TVA'" in boutique
    assert boutique.endswith("Its former rows stay.")
    assert lines(tmp_path, "*") == before


def test_a_new_column_does_no_harm_and_is_remembered(vendor: Running, tmp_path: Path) -> None:
    pull(tmp_path, **exports())
    vendor.fault("/shop/exports/", "new_column", times=2)
    assert pull(tmp_path, 1, **exports()).warnings == []
    assert len(lines(tmp_path)) == 3
    fields = query(tmp_path, "select field, first_seen_at from raw_parcours.fields where table_name = 'order_lines'")
    new = {field for field, first_seen_at in fields if first_seen_at == NOON + timedelta(days=1)}
    assert new == {"boutique.Emballage cadeau", "world.gift_wrap"}
    assert dict(fields)["boutique.Commande"] == dict(fields)["world.order_number"] == NOON


def test_a_kind_of_another_name_is_refused_row_by_row(vendor: Running, tmp_path: Path) -> None:
    vendor.fault(r"orders\.csv", "renamed_enum")
    result = pull(tmp_path, **exports())
    reason = "'article' is none of product, gift_card, shipping, tip, fee"
    assert rejects(tmp_path) == [("boutique/shop/exports/orders.csv", 1, "kind", reason)]
    assert result.warnings == [
        "files: 1 rows of boutique/shop/exports/orders.csv refused, see raw_files.rejects",
        "files: 1 orders of boutique/shop/exports/orders.csv have a refused line, and so no value",
    ]


def test_a_quantity_that_is_no_number_any_more_is_refused(vendor: Running, tmp_path: Path) -> None:
    vendor.fault(r"orders\.csv", "changed_type")
    pull(tmp_path, **exports())
    assert [(row, field, reason[:7]) for _, row, field, reason in rejects(tmp_path)] == [
        (1, "quantity", "'3 pcs'"),
        (2, "quantity", "'1 pcs'"),
    ]
