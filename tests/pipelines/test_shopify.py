"""The Shopify connector against the Admin GraphQL API, over a real socket."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

from pipelines.connector import AccessRefused
from pipelines.http import VendorSession
from pipelines.identity import email_key
from pipelines.retry import VendorBusy
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.shopify import BULK_DAYS, CONNECTOR, ShopifyOptions
from pipelines.sources.shopify.client import TooCostly, _judge
from sandbox.events import Customer, Order, OrderLine, Person, Product, Refund, Shop, Withdrawal, World
from sandbox.server import Running
from sandbox.vendors.shopify.values import gid, number
from tests.pipelines.vendors import First, Vendor, copied, meanwhile, passing_faults, unsent, written
from tests.staging import stage, staged

FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2026, 3, 31)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
GRAPHQL = "/shopify/admin/api/2026-10/graphql.json"
PRIVATE = (
    "ada@example.com",
    "ada.other@example.com",
    "augusta",
    "byron",
    "+33123",
    "rue morgue",
    "ring twice",
    "192.0.2",
)


def order(order_id: str, paid_at: datetime | None = NOON + HOUR, **more: Any) -> Order:
    made = Order(
        order_id=order_id, shop_id="international", customer_id=None, person_id=1, email="", placed_at=NOON,
        paid_at=paid_at, currency="USD", is_tax_known=True, shipping=0, shipping_tax=0, tip=0, fee=0, is_test=False,
        voided_at=None, cancelled_at=None, opted_in=False, transaction_id="",
    )  # fmt: skip
    return replace(made, **more)


def line(order_id: str, position: int, product_id: str = "P1", **more: Any) -> OrderLine:
    return replace(OrderLine(order_id, f"{order_id}-{position}", product_id, 1, 1000, 0, 0), **more)


def ids_where(divisor: int, count: int, *, not_by: int = 1) -> list[str]:
    """Ids of orders whose number at the vendor is divisible; the sandbox shows those in its own way."""
    names = (f"X{n}" for n in range(10_000))
    by = (
        name
        for name in names
        if number("Order", name) % divisor == 0 and (not_by == 1 or number("Order", name) % not_by)
    )
    return [next(by) for _ in range(count)]


PLAIN = [name for name in (f"N{n}" for n in range(200)) if all(number("Order", name) % n for n in (5, 7, 11))]
BASKET, YEN, GUEST, FREE, TEST, VOIDED, UNPAID, LATER, CANCELLED, GIVEN_BACK, LONG = PLAIN[:11]
[IN_PARTS], [DECLINED] = ids_where(7, 1, not_by=11), ids_where(11, 1, not_by=7)


def shop_world(tax_included: bool = False) -> World:
    """One order of every kind; a basket of three lines, and one of seven."""
    return World(
        FIRST_DAY,
        LAST_DAY,
        people=[Person(1, "ada@example.com", (), "Augusta", "Byron", "+33123", "Rue Morgue", "US")],
        shops=[Shop("international", "International", tax_included), Shop("boutique", "Boutique", tax_included=True)],
        products=[
            Product("P1", "Soap", "product", 900, 350),
            Product("P2", "Balm", "product", 1500, None),
            Product("P100", "Gift card", "gift_card", 5000, None),
        ],
        customers=[
            Customer("c1", "international", 1, "Ada@Example.com", NOON - DAY),
            Customer("c2", "boutique", 1, "ada@example.com", NOON - DAY),
        ],
        orders=[
            order(
                BASKET, customer_id="c1", email="ada.other@example.com", shipping=590, tip=200, fee=150, opted_in=True,
                transaction_id="T-7",
            ),
            order(YEN, currency="JPY"),
            order(GUEST),
            order(FREE),
            order(TEST, is_test=True),
            order(VOIDED, None, voided_at=NOON + HOUR),
            order(UNPAID, None),
            order(LATER, NOW + HOUR),
            order(CANCELLED, cancelled_at=NOON + 2 * DAY),
            order(GIVEN_BACK),
            order(LONG),
            order(IN_PARTS, NOON + 3 * DAY),
            order(DECLINED, NOON + 2 * HOUR),
            order("elsewhere", shop_id="boutique"),
        ],
        order_lines=[
            line(BASKET, 1, quantity=3, discount=301),
            line(BASKET, 2, "P2", unit_price=1650),
            line(BASKET, 3, "P100", unit_price=5500),
            line(YEN, 1, unit_price=1264),
            line(FREE, 1, discount=1000),
            *(line(LONG, position) for position in range(1, 8)),
            *(line(one, 1) for one in (GUEST, TEST, VOIDED, UNPAID, LATER, CANCELLED, IN_PARTS, DECLINED, "elsewhere")),
            line(GIVEN_BACK, 1, quantity=4),
            line(GIVEN_BACK, 2, "P2"),
        ],
        refunds=[
            Refund("R1", GIVEN_BACK, f"{GIVEN_BACK}-1", NOON + 4 * DAY, 3, 3000, 0),
            Refund("R1", GIVEN_BACK, f"{GIVEN_BACK}-2", NOON + 4 * DAY, 1, 1000, 0),
            Refund("R2", GIVEN_BACK, "", NOON + 5 * DAY, 0, 250, 0),
            Refund("R3", GUEST, f"{GUEST}-1", NOW + HOUR, 1, 1000, 0),
        ],
    )  # fmt: skip


def taken_back() -> World:
    """The same, with three orders, a customer who never ordered, and a product that are deleted on the 6th of March."""
    world, at = shop_world(), NOON + 4 * DAY + HOUR
    gone = (GUEST, CANCELLED, IN_PARTS)  # last changed on the 2nd, the 4th and the 5th
    world.orders = [replace(one, deleted_at=at if one.order_id in gone else None) for one in world.orders]
    world.customers.append(Customer("c9", "international", 1, "ada@example.com", NOON + 3 * DAY, at))
    world.withdrawals = [Withdrawal("international", "P1", at)]
    return world


# A first load asks from its history's start on: in bulk from far back, page by page from NEAR.
NEAR = (NOW - DAY * BULK_DAYS).date()


VENDOR = Vendor(
    CONNECTOR, lambda **more: ShopifyOptions(**{"shop": "international", **more}), shop_world, NOW, FIRST_DAY
)
pull, rows, everything = VENDOR.pull, VENDOR.rows, VENDOR.everything


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> First:
    """The same page by page, of few orders and lines each."""
    folder = tmp_path_factory.mktemp("paged")
    return VENDOR.first(folder, history_start=NEAR, page_rows=4, line_rows=2)


def raw_order(folder: Path, order_id: str, columns: str) -> tuple[Any, ...]:
    [found] = rows(folder, f"select {columns} from orders where id = '{gid('Order', order_id)}'")
    return found


def test_history_in_bulk_and_page_by_page_are_the_same_rows(first: First, paged: First) -> None:
    assert first.log.pages().get("orders") is None
    assert paged.log.pages()["orders"] == 4  # thirteen orders
    assert paged.log.pages()["customers"] == 1
    assert everything(first.folder) == everything(paged.folder)
    assert len(everything(first.folder)["orders"]) == 13


def test_no_line_is_lost_of_an_order_with_more_lines_than_a_page(paged: First) -> None:
    [lines] = raw_order(paged.folder, LONG, "line_items")
    assert {one["id"] for one in json.loads(lines)} == {gid("LineItem", f"{LONG}-{n}") for n in range(1, 8)}


def test_no_line_is_lost_of_a_refund_with_more_lines_than_a_page(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, line_rows=1)
    [refunds] = raw_order(tmp_path, GIVEN_BACK, "refunds")
    assert [len(one["refundLineItems"]) for one in json.loads(refunds)] == [2, 0]


def test_pages_that_cost_too_much_become_smaller(served: Running, tmp_path: Path) -> None:
    result = pull(tmp_path, history_start=NEAR, page_rows=250, line_rows=250)
    assert result.rows == {"orders": 13, "customers": 1}
    assert served.sandbox.requests.pages()["orders"] > 1


def test_a_second_run_adds_nothing_and_asks_only_for_recent_changes(served: Running, first: First, again: Path) -> None:
    assert first.result.rows == {"orders": 13, "customers": 1}
    assert pull(again).rows == {"orders": 0, "customers": 0}
    assert everything(again) == everything(first.folder)


def test_what_happens_to_an_order_later_is_seen(served: Running, again: Path) -> None:
    assert raw_order(again, LATER, "display_financial_status") == ("PENDING",)
    assert raw_order(again, GUEST, "display_financial_status, refunds") == ("PAID", "[]")
    assert VENDOR.pull_at(served, again, NOW + 2 * HOUR).rows["orders"] == 2
    assert raw_order(again, LATER, "display_financial_status") == ("PAID",)
    status, refunds = raw_order(again, GUEST, "display_financial_status, refunds")
    assert (status, len(json.loads(refunds)[0]["refundLineItems"])) == ("REFUNDED", 1)


# One load before the deletions of `taken_back`, and one a day later.
BEFORE_AND_AFTER = (NOON + 4 * DAY, NOON + 5 * DAY)


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What is here on the day after the deletions of `taken_back`, and after the next deep load."""
    day_after, deep = tmp_path_factory.mktemp("after"), tmp_path_factory.mktemp("deep")
    with VENDOR.served(taken_back()) as sandbox:
        VENDOR.pull_at(sandbox, day_after, *BEFORE_AND_AFTER)
        pull(copied(day_after, deep), NOON + 11 * DAY)
    return day_after, deep


def missing(folder: Path) -> set[str]:
    """Which of the deleted orders are here no more."""
    there = {row[0] for row in rows(folder, "select id from orders")}
    return {name for name in (GUEST, CANCELLED, IN_PARTS) if gid("Order", name) not in there}


def test_what_the_shop_deletes_vanishes_here(taken: tuple[Path, Path]) -> None:
    day_after, deep = taken
    assert missing(day_after) == {CANCELLED, IN_PARTS}  # changed within the three days that are asked again
    assert rows(day_after, "select id from customers") == [(gid("Customer", "c1"),)]
    assert missing(deep) == {GUEST, CANCELLED, IN_PARTS}
    assert len(everything(deep)["orders"]) == 10


def test_a_product_that_is_deleted_takes_its_cost_along_with_the_next_deep_load(taken: tuple[Path, Path]) -> None:
    def sold(folder: Path) -> list[tuple[Any, Any]]:
        [lines] = raw_order(folder, LONG, "line_items")
        return [(one["sku"], one["variant"] and one["variant"]["inventoryItem"]) for one in json.loads(lines)]

    cost = {"unitCost": {"amount": "3.50", "currencyCode": "EUR"}}
    assert [sold(folder) for folder in taken] == [[("P1", cost)] * 7, [("P1", None)] * 7]


@pytest.mark.parametrize("world", [taken_back()], ids=["taken back"])
def test_an_order_that_the_vendor_withholds_is_not_taken_for_deleted(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SHOPIFY__ACCESS_TOKEN", "sandbox-shopify-60-days")
    VENDOR.pull_at(served, tmp_path, *BEFORE_AND_AFTER)
    # the 61st is a deep load
    VENDOR.pull_at(served, tmp_path, NOON + 59 * DAY, NOON + 61 * DAY, deep_every_days=60)
    assert missing(tmp_path) == set()
    told = "select distinct caveat, detail from raw_parcours.caveats"
    assert rows(tmp_path, told) == [("truncated", "orders are shown for 60 days only, later changes of them are not")]


def test_an_app_that_may_see_less_than_before_is_refused(
    served: Running, loaded: Path, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SHOPIFY__ACCESS_TOKEN", "sandbox-shopify-60-days")
    with pytest.raises(AccessRefused, match="the app may no longer see orders older than 60 days"):
        pull(again)
    assert everything(again) == everything(loaded)


def test_an_order_that_changes_while_pages_are_read_is_read_all_the_same(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(request: requests.PreparedRequest) -> None:
        if "orders(first" in str(request.body):
            served.set_clock(NOW + HOUR)  # a payment, a refund: both orders go to the front of the list

    meanwhile(monkeypatch, change)
    pull(tmp_path, history_start=NEAR, page_rows=2)
    assert raw_order(tmp_path, LATER, "display_financial_status") == ("PAID",)
    assert raw_order(tmp_path, GUEST, "display_financial_status") == ("REFUNDED",)
    assert len(everything(tmp_path)["orders"]) == 13


def test_a_repeated_row_at_a_page_border_counts_once(served: Running, tmp_path: Path) -> None:
    served.fault(GRAPHQL, "repeat_page", times=50)
    assert pull(tmp_path, history_start=NEAR, page_rows=3).rows == {"orders": 13, "customers": 1}


@pytest.mark.parametrize(("history_start", "paths"), [(FIRST_DAY, (GRAPHQL, "/shopify/bulk/")), (NEAR, (GRAPHQL,))])
def test_passing_faults_are_survived(
    served: Running, loaded: Path, tmp_path: Path, history_start: date, paths: tuple[str, ...]
) -> None:
    passing_faults(served, *paths)
    served.fault(GRAPHQL, "quota_gone", times=2, after=4)
    result = pull(tmp_path, history_start=history_start)
    assert (result.rows, result.warnings) == ({"orders": 13, "customers": 1}, [])
    assert served.sandbox.faults.pending() == []
    assert everything(tmp_path) == everything(loaded)


def test_a_bulk_operation_that_fails_gives_way_to_pages(served: Running, tmp_path: Path) -> None:
    served.fault("bulk operation", "quota_gone")
    result = pull(tmp_path)
    assert result.rows == {"orders": 13, "customers": 1}
    assert result.warnings == [
        "shopify: a bulk operation ended as FAILED (INTERNAL_SERVER_ERROR); orders were read page by page"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace(b"\n", b"\n\n\n", 2), []),
        (lambda text: text + b'\n{"id": "gid://shopify/LineItem/1", "__parentId": "gid://shopify/Order/0"}',
         ["lines of a row that is not in it"]),
        (lambda text: text[:-20], ["a line that is no row"]),
        (lambda text: text[: text.rindex(b"\n")], ["was cut off"]),
        (lambda text: b"null\n" + text, ["a line that is no row"]),
    ],
    ids=["empty lines", "an orphan", "a cut last line", "a line less", "a line of null"],
)  # fmt: skip
def test_a_result_that_is_not_whole_gives_way_to_pages(
    served: Running,
    loaded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[bytes], bytes],
    said: list[str],
) -> None:
    send = VendorSession._answer
    spoilt_urls: dict[str, str | None] = {}

    def spoilt(
        self: VendorSession, request: requests.PreparedRequest, seconds: float, **more: Any
    ) -> requests.Response:
        answer = send(self, request, seconds, **more)
        if ".jsonl" in str(request.url) and spoilt_urls.setdefault("first", request.url) == request.url:
            answer._content = change(answer.content)
            for judge in (request.hooks or {}).get("response", []):
                judge(answer)
        return answer

    monkeypatch.setattr(VendorSession, "_answer", spoilt)
    result = pull(tmp_path)
    assert everything(tmp_path) == everything(loaded)
    assert len(result.warnings) == len(said)
    assert all(part in text and "read page by page" in text for part, text in zip(said, result.warnings, strict=True))


def test_an_empty_shop_has_no_file_and_no_rows(tmp_path: Path) -> None:
    with VENDOR.served(World(FIRST_DAY, LAST_DAY)) as sandbox:
        assert pull(tmp_path).rows == {"orders": 0, "customers": 0}
        assert not [call for call in sandbox.requests() if "/bulk/" in call.path]


def test_a_throttled_call_waits_until_the_budget_holds_it() -> None:
    answer = requests.Response()
    answer.status_code = 200
    answer._content = json.dumps(
        {
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": {
                "cost": {"requestedQueryCost": 702, "throttleStatus": {"currentlyAvailable": 202, "restoreRate": 100.0}}
            },
        }
    ).encode()
    with pytest.raises(VendorBusy) as busy:
        _judge(answer)
    assert busy.value.wait_seconds == 5.0


def test_a_query_whose_single_row_costs_too_much_is_an_error(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.vendors.shopify.MOST_COST", 1)
    with pytest.raises(TooCostly, match="exceeds the single query max cost limit"):
        pull(tmp_path, history_start=NEAR)


def test_a_missing_scope_is_named(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__SHOPIFY__ACCESS_TOKEN", "sandbox-shopify-orders")
    with pytest.raises(AccessRefused, match="Required access: `read_customers` access scope"):
        pull(tmp_path, history_start=NEAR)
    with pytest.raises(AccessRefused, match="the app lacks read_customers, read_products"):
        CONNECTOR.check(ShopifyOptions(shop="international"))


def test_orders_that_the_vendor_withholds_are_warned_of(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SHOPIFY__ACCESS_TOKEN", "sandbox-shopify-60-days")
    assert [text for text in pull(tmp_path).warnings if "read_all_orders" in text] == [
        "shopify: only the last 60 days of orders were given; grant the app read_all_orders, then load again"
    ]
    assert pull(tmp_path).warnings == []  # three days are asked, which it shows
    assert CONNECTOR.check(ShopifyOptions(shop="international"))[1:] == [
        "only the last 60 days of orders are shown: grant the app read_all_orders for older ones"
    ]


def test_check_names_the_shop_its_currency_zone_and_version(served: Running) -> None:
    assert CONNECTOR.check(ShopifyOptions(shop="international")) == [
        "shop International (parcours-international.myshopify.com: currency EUR, zone Europe/Paris), API 2026-10"
    ]


@pytest.fixture(scope="module")
def at_first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The orders of two hours ago; a load of the next day reads them page by page, one of a week later in bulk."""
    return VENDOR.first(tmp_path_factory.mktemp("early"), NOON + 2 * HOUR).folder


def test_an_unknown_field_does_no_harm_and_is_remembered(served: Running, at_first: Path, tmp_path: Path) -> None:
    served.set_clock(NOON + 2 * HOUR)
    served.fault(GRAPHQL, "new_column", times=100)
    assert pull(copied(at_first, tmp_path), NOON + DAY).rows == {"orders": 13, "customers": 1}
    fields = VENDOR.fields(tmp_path, "orders")
    assert (fields["taxesIncluded"], fields["loyaltyTier"]) == (NOON + 2 * HOUR, NOON + DAY)


@pytest.mark.parametrize("days", [1, 8])
def test_a_field_that_the_vendor_drops_is_refused_by_name(
    served: Running, at_first: Path, tmp_path: Path, days: int
) -> None:
    served.set_clock(NOON + 2 * HOUR)
    served.fault(GRAPHQL, "missing_column", times=100)
    with pytest.raises(SchemaDrift, match=r"shopify: the vendor no longer has Order.displayFinancialStatus, which"):
        pull(copied(at_first, tmp_path), NOON + days * DAY)
    assert everything(tmp_path) == everything(at_first)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (
            "displayFinancialStatus",
            "PAID",
            [("unknown_value", date(2026, 3, 2), "orders whose payment is not known: 1")],
        ),  # free
        (
            "displayFinancialStatus",
            "PENDING",
            [("unknown_value", date(2026, 3, 2), "orders whose payment is not known: 2")],
        ),
        ("kind", "VOID", []),  # the order's status tells
        ("status", "FAILURE", []),
    ],
)
def test_a_value_that_is_new_is_loaded_and_told_where_no_other_field_decides(
    served: Running,
    at_first: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    field: str,
    value: str,
    said: list[Any],
) -> None:
    served.set_clock(NOON + 2 * HOUR)
    monkeypatch.setattr("sandbox.vendors.shopify.RENAMED", {field: {value: "RENAMED"}})
    served.fault(GRAPHQL, "renamed_enum", times=100)
    assert pull(copied(at_first, tmp_path), NOON + DAY).rows["orders"] == 13
    assert rows(tmp_path, "select caveat, date_day, detail from raw_parcours.caveats") == said


def test_the_budget_and_another_version_are_told(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.vendors.shopify.NEWEST_VERSION", "2026-07")
    result = pull(tmp_path)
    assert result.warnings == ["shopify answers as version 2026-07, not 2026-10: upgrade Parcours"]
    [told] = result.quota.values()
    assert told.endswith(" of 2000 points left")


def test_a_truth_that_is_a_word_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault(GRAPHQL, "changed_type", times=100)
    with pytest.raises(RowRefused, match="shopify: orders row 1: taxes_included is a str that is no bool"):
        pull(tmp_path, history_start=NEAR)


def test_nothing_personal_reaches_the_disk(first: First, paged: First) -> None:
    for one in (first, paged):
        found = written(one.folder)
        assert email_key("ada.other@example.com").encode() in found
        assert [text for text in PRIVATE if text.encode() in found] == []


def test_the_token_goes_to_the_shop_alone(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, bool] = {}

    def keep(request: requests.PreparedRequest) -> None:
        sent[(request.url or "").rpartition("/")[2].rpartition(".")[2]] = "sandbox-shopify" in str(request.headers)

    meanwhile(monkeypatch, keep)
    pull(tmp_path)
    assert sent == {"json": True, "jsonl?signature=s1gned": False}


def test_without_a_base_url_it_is_the_shop_itself_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__SHOPIFY__BASE_URL", raising=False)
    monkeypatch.setenv("SOURCES__SHOPIFY__ACCESS_TOKEN", "shpat_f00dcafe")
    [asked] = unsent(monkeypatch, lambda: CONNECTOR.check(ShopifyOptions(shop="my-shop")))
    assert asked.url == "https://my-shop.myshopify.com/admin/api/2026-10/graphql.json"


@pytest.mark.parametrize("shop", ["my-shop.myshopify.com", "evil.example/", ""])
def test_a_shop_is_the_first_part_of_its_address(shop: str) -> None:
    with pytest.raises(ValueError, match="shop"):
        ShopifyOptions(shop=shop)


# --- staging ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def excluded(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Staged: the shop whose prices are without tax."""
    folder = copied(loaded, tmp_path_factory.mktemp("excluded"))
    stage(folder, CONNECTOR)
    return folder


@pytest.fixture(scope="module")
def included(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Staged: a shop whose prices hold 20 % tax; of one order it is unknown."""
    world = shop_world(tax_included=True)
    world.orders = [replace(one, is_tax_known=one.order_id != GUEST, shipping_tax=98) for one in world.orders]
    world.order_lines = [replace(one, tax=round(one.unit_price * one.quantity / 6)) for one in world.order_lines]
    world.refunds = [Refund("R1", GIVEN_BACK, f"{GIVEN_BACK}-1", NOON + 4 * DAY, 3, 2500, 500)]
    folder = VENDOR.first(tmp_path_factory.mktemp("included"), world=world).folder
    stage(folder, CONNECTOR)
    return folder


def one_order(data: Path, order_id: str, columns: str) -> tuple[Any, ...]:
    [found] = staged(data, "stg_shopify__orders", columns, f"order_id = '{number('Order', order_id)}'")
    return found


def test_an_order_is_staged_whole(excluded: Path) -> None:
    columns = (
        "account_id, transaction_id, ordered_at, paid_at, voided_at, customer_id, person_key, has_opted_in, is_test, "
        "country, currency, currency_charged, has_lines, given_amount, given_units, is_tax_known"
    )
    person, customer = email_key("ada.other@example.com"), str(number("Customer", "c1"))
    assert one_order(excluded, BASKET, columns) == (
        *("international", "T-7", NOON, NOON + HOUR, None, customer, person, True, False, "US", "EUR", "USD"),
        *(True, None, None, True),
    )
    guest = "transaction_id, customer_id, person_key, has_opted_in, country"
    assert one_order(excluded, GUEST, guest) == (GUEST, None, None, False, "US")


@pytest.mark.parametrize(
    ("order_id", "paid_at"),
    [
        (YEN, NOON + HOUR),
        (FREE, NOON + HOUR),  # without a payment: when it was processed
        (CANCELLED, NOON + HOUR),
        (GIVEN_BACK, NOON + HOUR),
        (IN_PARTS, NOON + 3 * DAY),  # the second half
        (DECLINED, NOON + 2 * HOUR),
        (UNPAID, None),
        (LATER, None),
        (VOIDED, None),
    ],
)
def test_an_order_is_paid_when_the_money_first_reaches_its_total(
    excluded: Path, order_id: str, paid_at: datetime | None
) -> None:
    assert one_order(excluded, order_id, "paid_at") == (paid_at,)


def test_tests_and_voided_orders_are_marked(excluded: Path) -> None:
    assert one_order(excluded, TEST, "is_test, voided_at") == (True, None)
    assert one_order(excluded, VOIDED, "is_test, voided_at") == (False, NOON + HOUR)


def test_lines_are_worth_what_was_charged_after_all_discounts(excluded: Path) -> None:
    columns = (
        "line_kind, product_id, product_name, quantity, net_amount_charged, is_tax_known, unit_cost, cost_currency"
    )
    assert staged(
        excluded, "stg_shopify__order_lines", columns, f"order_id = '{number('Order', BASKET)}'"
    ) == [
        ("fee", None, None, 1, Decimal("1.50"), True, None, None),
        ("gift_card", "P100", "Gift card", 1, Decimal("55.00"), True, None, None),
        # 3 × 10.00 less 3.01, of which half is the line's own and half its part of the order's
        ("product", "P1", "Soap", 3, Decimal("26.99"), True, Decimal("3.50"), "EUR"),
        ("product", "P2", "Balm", 1, Decimal("16.50"), True, None, None),
        ("shipping", None, None, 1, Decimal("5.90"), True, None, None),
        ("tip", None, "Tip", 1, Decimal("2.00"), True, None, None),
    ]  # fmt: skip
    worth = "net_amount, net_amount_charged"
    [yen] = staged(excluded, "stg_shopify__order_lines", worth, f"order_id = '{number('Order', YEN)}'")
    assert yen == (Decimal("7.90"), 1264)  # at the 160 yen of the shop's own payments


def test_prices_that_hold_tax_are_reduced_by_it(included: Path) -> None:
    of_basket = f"order_id = '{number('Order', BASKET)}'"
    assert staged(included, "stg_shopify__order_lines", "line_kind, net_amount_charged, is_tax_known", of_basket) == [
        ("fee", Decimal("1.50"), True),
        ("gift_card", Decimal("45.83"), True),  # 55.00 less 9.17
        ("product", Decimal("13.75"), True),  # 16.50 less 2.75
        ("product", Decimal("21.99"), True),  # 26.99 less 5.00
        ("shipping", Decimal("4.92"), True),  # 5.90 less 0.98
        ("tip", Decimal("2.00"), True),
    ]
    of_guest = f"order_id = '{number('Order', GUEST)}'"
    assert staged(included, "stg_shopify__order_lines", "is_tax_known", of_guest) == [(False,)]


def test_a_refund_has_a_row_per_line_on_its_own_day(excluded: Path) -> None:
    [(first,), (second,)] = [(number("LineItem", f"{GIVEN_BACK}-{n}"),) for n in (1, 2)]
    found = staged(
        excluded,
        "stg_shopify__refunds",
        "order_line_id, account_id, order_id, refunded_at, quantity, net_amount_charged, currency_charged",
    )
    of = ("international", str(number("Order", GIVEN_BACK)))
    assert sorted(found, key=lambda row: row[5]) == [
        (None, *of, NOON + 5 * DAY, 0, Decimal("2.50"), "USD"),
        (f"LineItem/{second}", *of, NOON + 4 * DAY, 1, Decimal(10), "USD"),
        (f"LineItem/{first}", *of, NOON + 4 * DAY, 3, Decimal(30), "USD"),
    ]
    ids = staged(excluded, "stg_shopify__refunds", "distinct refund_id")
    assert len(ids) == 3


def test_a_refund_is_without_tax_whether_or_not_its_subtotal_is(included: Path) -> None:
    assert staged(included, "stg_shopify__refunds", "quantity, net_amount_charged") == [(3, Decimal("25.00"))]
    with duckdb.connect(str(included / "warehouse.duckdb")) as warehouse:
        warehouse.execute("""update raw_shopify.orders set refunds = regexp_replace(
            refunds, '("subtotalSet": [{]"presentmentMoney": [{]"amount": )"30.00"', '\\1"25.00"')""")
    stage(included, CONNECTOR)
    assert staged(included, "stg_shopify__refunds", "quantity, net_amount_charged") == [(3, Decimal("25.00"))]


def test_a_tip_that_is_not_among_the_lines_is_one(included: Path) -> None:
    with duckdb.connect(str(included / "warehouse.duckdb")) as warehouse:
        warehouse.execute("update raw_shopify.orders set line_items = '[]'")
    stage(included, CONNECTOR)
    tips = staged(included, "stg_shopify__order_lines", "order_line_id, net_amount_charged", "line_kind = 'tip'")
    assert tips == [(f"Tip/{number('Order', BASKET)}", Decimal("2.00"))]


def test_customers_are_those_of_the_shop(excluded: Path) -> None:
    assert staged(excluded, "stg_shopify__customers", "account_id, customer_id, person_key, created_at") == [
        ("international", str(number("Customer", "c1")), email_key("ada@example.com"), NOON - DAY)
    ]
