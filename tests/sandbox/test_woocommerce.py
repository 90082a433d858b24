"""The WooCommerce API, as awkward as it is, over a real socket."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.events import Customer, Order, OrderLine, Person, Product, Refund, Shop, World
from sandbox.server import Running, running

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEYS = ("ck_sandbox", "cs_sandbox")


def order(number: int, paid_at: datetime | None = NOON + HOUR, **more: Any) -> Order:
    fields: dict[str, Any] = {
        "order_id": f"B{number}", "shop_id": "boutique", "customer_id": None, "person_id": 1, "email": "a@example.com",
        "placed_at": NOON, "paid_at": paid_at, "currency": "EUR", "is_tax_known": True, "shipping": 600,
        "shipping_tax": 100, "tip": 200, "fee": 0, "is_test": False, "voided_at": None, "cancelled_at": None,
        "opted_in": True, "transaction_id": "",
    }  # fmt: skip
    return Order(**(fields | more))


@pytest.fixture
def shop() -> Iterator[Running]:
    orders = [order(number) for number in range(100, 112)]  # 108 is the ninth
    orders += [
        order(112, None),
        order(113, None, voided_at=NOON + HOUR),
        order(114, cancelled_at=NOON + DAY),
        order(115, is_tax_known=False, is_test=True),
    ]
    world = World(
        NOON.date(),
        date(2026, 4, 30),
        people=[Person(1, "a@example.com", (), "Ada", "Lovelace", "+33", "1 rue", "FR")],
        shops=[Shop("boutique", "Boutique", True)],
        products=[
            Product("P-001", "Savon", "product", 1200, 300),
            Product("P-002", "Huile", "product", 1200, None),
            Product("P-100", "Carte", "gift_card", 1200, None),
        ],
        customers=[Customer("Cb1", "boutique", 1, "a@example.com", NOON - DAY)],
        orders=orders,
        order_lines=[OrderLine(one.order_id, f"{one.order_id}-1", "P-001", 3, 1200, 360, 540) for one in orders]
        + [OrderLine("B100", "B100-2", "P-002", 1, 1200, 0, 200), OrderLine("B100", "B100-3", "P-100", 1, 1200, 0, 0)],
        refunds=[Refund("R7", "B101", "B101-1", NOON + 5 * DAY, 3, 2700, 540)],
    )
    with running(world, NOON + 10 * DAY, only=["woocommerce"]) as sandbox:
        yield sandbox


def ask(sandbox: Running, name: str, keys: tuple[str, str] | None = KEYS, **query: str | int) -> requests.Response:
    return requests.get(f"{sandbox.base_url}/woocommerce/wp-json/wc/v3/{name}", params=query, auth=keys, timeout=10)


def items(sandbox: Running, name: str, **query: str | int) -> list[dict[str, Any]]:
    answer = ask(sandbox, name, KEYS, **query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def one_order(sandbox: Running, number: int) -> dict[str, Any]:
    orders = items(sandbox, "orders", per_page=100) + items(sandbox, "orders", per_page=100, status="trash")
    return next(one for one in orders if one["id"] == number)


def test_ten_come_newest_first_and_the_headers_say_how_many_there_are(shop: Running) -> None:
    answer = ask(shop, "orders")
    assert [one["id"] for one in answer.json()] == list(range(115, 105, -1))
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("16", "2")
    assert set(answer.links) == {"next"}
    rest = requests.get(answer.links["next"]["url"], auth=KEYS, timeout=10)
    assert [one["id"] for one in rest.json()] == list(range(105, 99, -1))
    assert set(rest.links) == {"prev"}
    beyond = ask(shop, "orders", page=3)
    assert (beyond.status_code, beyond.json()) == (200, [])
    assert (beyond.headers["X-WP-Total"], beyond.headers["X-WP-TotalPages"]) == ("0", "0")  # of orders in own tables
    assert ask(shop, "products", page=3).headers["X-WP-Total"] == "3"
    assert [one["id"] for one in items(shop, "orders", orderby="id", order="asc", per_page=2)] == [100, 101]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("orders", {"per_page": 101}),
        ("orders", {"page": 0}),
        ("orders", {"per_page": "ten"}),
        ("orders", {"status": "paid"}),
        ("orders", {"modified_after": "yesterday"}),
        ("customers", {"orderby": "modified"}),
    ],
)
def test_a_wrong_parameter_is_named(shop: Running, name: str, query: dict[str, str | int]) -> None:
    answer = ask(shop, name, KEYS, **query)
    body = answer.json()
    assert (answer.status_code, body["code"], body["data"]["status"]) == (400, "rest_invalid_param", 400)
    assert set(body["data"]["params"]) == set(query)


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (None, "woocommerce_rest_cannot_view"),
        (("ck_other", "cs_sandbox"), "woocommerce_rest_cannot_view"),
        (("ck_sandbox", "cs_other"), "woocommerce_rest_authentication_error"),
    ],
)
def test_a_refusal_has_a_code(shop: Running, keys: tuple[str, str] | None, code: str) -> None:
    answer = ask(shop, "customers", keys)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (401, code, {"status": 401})


def test_only_the_firewall_limits_and_it_speaks_html(shop: Running) -> None:
    shop.fault("/woocommerce", "429")
    shop.fault("/woocommerce", "quota_gone", after=1)
    for status in (429, 503):
        answer = ask(shop, "orders")
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")


def test_fields_are_chosen_inside_objects_but_not_inside_lists(shop: Running) -> None:
    [found] = items(
        shop,
        "orders",
        per_page=1,
        _fields="id,billing.email,billing.country,line_items,meta_data",
        include_meta="_newsletter",
    )
    assert (found["id"], found["billing"]) == (115, {"email": "a@example.com", "country": "FR"})
    assert set(found) == {"id", "billing", "line_items", "meta_data"}
    assert found["line_items"][0]["meta_data"] != []
    assert found["meta_data"] == [{"id": 2, "key": "_newsletter", "value": "1"}]
    assert {one["key"] for one in items(shop, "orders", per_page=1)[0]["meta_data"]} == {
        "_gift_message",
        "_newsletter",
        "_test_mode",
    }


def test_amounts_are_texts_without_tax_and_the_price_is_a_number(shop: Running) -> None:
    found = one_order(shop, 100)
    soap, oil, card = found["line_items"]
    # 3 × 12.00 less 3.60 of discount hold 5.40 of tax.
    assert (soap["quantity"], soap["total"], soap["total_tax"], soap["price"]) == (3, "27.00", "5.40", 9.0)
    assert (soap["subtotal"], soap["subtotal_tax"]) == ("30.00", "6.00")
    assert soap["taxes"] == [{"id": 1, "total": "5.40", "subtotal": "5.40"}]
    assert [one["cost_of_goods_sold"] for one in (soap, oil, card)] == [{"value": 9.0}, {"value": 0.0}, {"value": 0.0}]
    assert (card["total"], card["total_tax"], card["taxes"]) == ("12.00", "0.00", [])
    assert [(one["total"], one["total_tax"]) for one in found["shipping_lines"]] == [("5.00", "1.00")]
    assert [(one["name"], one["total"]) for one in found["fee_lines"]] == [("Pourboire", "2.00")]
    assert (found["total"], found["total_tax"]) == ("64.40", "8.40")


def test_an_unknown_tax_looks_like_none(shop: Running) -> None:
    found = one_order(shop, 115)
    [soap] = found["line_items"]
    assert (found["prices_include_tax"], found["total_tax"], found["tax_lines"]) == (True, "0.00", [])
    assert (soap["total"], soap["total_tax"], soap["taxes"]) == ("32.40", "0.00", [])


def test_an_order_goes_its_way(shop: Running) -> None:
    def at(now: datetime) -> dict[int, str]:
        shop.set_clock(now)
        found = items(shop, "orders", per_page=100) + items(shop, "orders", per_page=100, status="trash")
        return {one["id"]: one["status"] for one in found if one["id"] in (101, 108, 112, 113, 114)}

    assert at(NOON - HOUR) == {}
    assert at(NOON) == {101: "pending", 108: "processing", 112: "pending", 113: "pending", 114: "pending"}
    assert at(NOON + 2 * HOUR) == {
        101: "processing",
        108: "completed",
        112: "pending",
        113: "failed",
        114: "processing",
    }
    late = {101: "refunded", 108: "completed", 112: "trash", 113: "trash", 114: "cancelled"}
    assert at(NOON + 14 * DAY) == late
    assert at(NOON + 44 * DAY) == {number: status for number, status in late.items() if status != "trash"}


def test_what_somebody_deletes_goes_to_the_trash_or_past_it(shop: Running) -> None:
    at, world = NOON + 6 * DAY, shop.sandbox.world
    gone = ("B101", "B102")  # of which every third by number goes past the trash: 102
    changed = replace(
        world,
        orders=[
            replace(one, deleted_at=at if one.order_id in gone else None, customer_id="Cb1") for one in world.orders
        ],
        customers=[replace(one, deleted_at=at) for one in world.customers],
        refunds=[*world.refunds, Refund("R8", "B103", "B103-1", NOON + 2 * DAY, 1, 900, 180, undone_at=at)],
    )
    with running(changed, at - HOUR, only=["woocommerce"]) as sandbox:
        before = one_order(sandbox, 103)
        assert (one_order(sandbox, 101)["status"], one_order(sandbox, 102)["status"]) == ("refunded", "completed")
        assert {one["id"] for one in items(sandbox, "refunds")} == {7, 8}
        assert ([one["id"] for one in before["refunds"]], before["customer_id"]) == ([8], 1)
        assert len(items(sandbox, "customers")) == 1
        sandbox.set_clock(at)
        after = one_order(sandbox, 103)
        trash = items(sandbox, "orders", status="trash")
        assert [(one["id"], one["status"], one["date_modified_gmt"]) for one in trash] == [
            (101, "trash", "2026-03-07T12:00:00")
        ]
        assert {101, 102} & {one["id"] for one in items(sandbox, "orders", per_page=100)} == set()
        assert items(sandbox, "refunds") == items(sandbox, "customers") == []
        assert (after["refunds"], after["customer_id"]) == ([], 0)
        assert after["date_modified_gmt"] == before["date_modified_gmt"]  # neither change leaves a trace


def test_a_field_is_gone_and_a_status_renamed_on_demand(shop: Running) -> None:
    shop.fault("/orders", "missing_column")
    assert "date_paid_gmt" not in items(shop, "orders")[0]
    shop.fault("/orders", "renamed_enum")
    assert {one["status"] for one in items(shop, "orders")} == {"fulfilled", "cancelled", "failed", "pending"}


def test_times_come_twice_without_an_offset_and_cash_has_no_payment(shop: Running) -> None:
    paid, cash = one_order(shop, 100), one_order(shop, 108)
    assert (paid["date_paid"], paid["date_paid_gmt"]) == ("2026-03-01T14:00:00", "2026-03-01T13:00:00")
    assert (paid["payment_method"], paid["date_completed_gmt"]) == ("stripe", "2026-03-03T13:00:00")
    assert (cash["payment_method"], cash["date_paid_gmt"], cash["date_completed_gmt"]) == (
        "cod",
        None,
        "2026-03-01T13:00:00",
    )
    assert one_order(shop, 113)["date_paid_gmt"] is None


def test_a_time_in_the_query_is_utc_only_without_an_offset(shop: Running) -> None:
    def changed(after: str, gmt: str = "true") -> list[int]:
        found = items(shop, "orders", modified_after=after, dates_are_gmt=gmt, orderby="modified", order="asc")
        return [one["id"] for one in found]

    # Of the last days there is only the refund of 101, at noon of the 6th.
    assert changed("2026-03-06T11:59:59") == [101]
    assert changed("2026-03-06T12:00:00") == []  # after, not from
    assert changed("2026-03-06T12:59:59", gmt="false") == [101]  # in Paris
    assert changed("2026-03-06T11:30:00Z") == []  # put on the clock of Paris, 12:30, and compared with UTC


def test_a_refund_is_negative_and_names_its_line_in_metadata(shop: Running) -> None:
    [refund] = items(shop, "refunds")
    assert (refund["id"], refund["parent_id"], refund["amount"]) == (7, 101, "32.40")
    [line] = refund["line_items"]
    assert (line["quantity"], line["total"], line["total_tax"]) == (-3, "-27.00", "-5.40")
    [meta] = line["meta_data"]
    assert (meta["key"], meta["value"]) == ("_refunded_item_id", str(one_order(shop, 101)["line_items"][0]["id"]))
    shop.set_clock(NOON + 5 * DAY - HOUR)
    assert items(shop, "refunds") == []


def test_customers_and_products_have_the_types_of_the_vendor(shop: Running) -> None:
    [customer] = items(shop, "customers", role="all")
    assert (customer["id"], customer["email"], customer["role"]) == (1, "a@example.com", "customer")
    assert one_order(shop, 100)["customer_id"] == 0  # a guest
    assert [(one["id"], one["type"]) for one in items(shop, "products", orderby="id", order="asc")] == [
        (1, "simple"),
        (2, "simple"),
        (100, "gift-card"),
    ]
