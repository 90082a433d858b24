"""The WooCommerce connector against a shop's REST API, over a real socket."""

import base64
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import ValidationError

from pipelines.connector import ConnectorError
from pipelines.http import VendorSession
from pipelines.identity import email_key
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.woocommerce import CONNECTOR, WoocommerceOptions
from sandbox.events import Customer, Order, OrderLine, Person, Product, Refund, Shop, World
from sandbox.server import Running
from sandbox.vendors.woocommerce.orders import Placed
from tests.pipelines.vendors import First, Vendor, copied, meanwhile, passing_faults, queries, unsent, written
from tests.staging import stage, staged

FIRST_DAY = date(2026, 2, 1)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SITE = "boutique.example"
MEANINGS: dict[str, Any] = {
    "tip_names": ["Pourboire"],
    "opt_in_meta_key": "_newsletter",
    "test_meta_key": "_test_mode",
}
ADA, BOB = email_key("ada.lovelace@gmail.com"), email_key("bob@example.com")
PERSONAL = (
    *("ada.lovelace", "bob@example.com", "augusta", "byron", "+33 6 00 00 00 01", "rue des lilas", "192.0.2.7"),
    *("mozilla", "bon anniversaire", "merci", "n'en veut plus", "gravure", "gravatar", "cs_sandbox"),
)


def order(order_id: str, **more: Any) -> Order:
    """A paid order of a guest who left no address."""
    plain = Order(
        order_id=order_id, shop_id="boutique", customer_id=None, person_id=2, email="", placed_at=NOON,
        paid_at=NOON + HOUR, currency="EUR", is_tax_known=True, shipping=0, shipping_tax=0, tip=0, fee=0,
        is_test=False, voided_at=None, cancelled_at=None, opted_in=False, transaction_id="",
    )  # fmt: skip
    return replace(plain, **more)


def line(order_id: str, product_id: str = "P-1", quantity: int = 1, discount: int = 0, tax: int = 200) -> OrderLine:
    price = {"P-1": 1200, "P-2": 2400, "P-100": 5000}[product_id]
    return OrderLine(order_id, f"{order_id}-{product_id}", product_id, quantity, price, discount, tax)


def small_world() -> World:
    return World(
        FIRST_DAY,
        NOW.date(),
        people=[
            Person(1, "ada.lovelace@gmail.com", (), "Augusta", "Byron", "+33 6 00 00 00 01", "1 rue des Lilas", "FR"),
            Person(2, "bob@example.com", (), "Bob", "B", "", "", "BE"),
        ],
        shops=[Shop("boutique", "Boutique", True), Shop("international", "International", False)],
        products=[
            Product("P-1", "Savon", "product", 1200, 300),
            Product("P-2", "Bougie & Cie", "product", 2400, None),
            Product("P-100", "Carte cadeau", "gift_card", 5000, None),
        ],
        customers=[
            Customer("Cb1", "boutique", 1, " Ada.Lovelace@Gmail.com ", NOON - 20 * DAY),
            Customer("Cb2", "boutique", 2, "bob@example.com", NOON + DAY),
            Customer("Ci2", "international", 2, "bob@example.com", NOON),
        ],
        orders=[
            order(
                "B101", customer_id="Cb1", person_id=1, email="adalovelace@gmail.com", shipping=600, shipping_tax=100,
                tip=200, fee=150, opted_in=True, transaction_id="T-1001",
            ),
            order("B103", email="bob@example.com", is_tax_known=False),
            order("B104", is_test=True),
            order("B105", paid_at=None, voided_at=NOON + HOUR),
            order("B106", cancelled_at=NOON + 2 * DAY),
            order("B107", paid_at=None, placed_at=NOON + 10 * DAY),
            order("B108", paid_at=NOON + 4 * DAY),  # the ninth: cash on delivery
            order("B110"),
            order("B111", is_tax_known=False),
            order("I102", shop_id="international"),
        ],
        order_lines=[
            line("B101", quantity=2, discount=240, tax=360),
            line("B101", "P-100", tax=0),
            line("B103", "P-2", tax=400),
            *(line(f"B{number}") for number in (104, 105, 106, 107, 108)),
            line("B110", discount=1200, tax=0),
            line("B111", "P-100", tax=0),
        ],
        refunds=[
            Refund("R1", "B101", "B101-P-1", NOON + 5 * DAY, 1, 900, 180),
            Refund("R2", "B103", "B103-P-2", NOON + 6 * DAY, 1, 2000, 400),
            Refund("R3", "B101", "", NOON + 7 * DAY, 0, 500, 100),  # for no line
        ],
    )  # fmt: skip


VENDOR = Vendor(CONNECTOR, lambda **more: WoocommerceOptions(site=SITE, **MEANINGS | more), small_world, NOW, FIRST_DAY)
pull, rows, everything = VENDOR.pull, VENDOR.rows, VENDOR.everything


def taken_back() -> World:
    """The same, but somebody deletes orders (one past the trash), a refund and an account, all on the 8th of March."""
    world = small_world()
    at = NOON + 7 * DAY
    gone = ("B101", "B111")  # every third by number, such as 111, does not go to the trash
    world.orders = [replace(one, deleted_at=at if one.order_id in gone else None) for one in world.orders]
    world.refunds = [replace(one, undone_at=at if one.refund_id == "R2" else None) for one in world.refunds]
    world.customers = [replace(one, deleted_at=at if one.customer_id == "Cb1" else None) for one in world.customers]
    return world


def statuses(folder: Path) -> dict[int, str]:
    return dict(rows(folder, "select id, status from orders"))


def test_orders_of_every_status_arrive_and_those_in_the_trash(first: First) -> None:
    result = first.result
    assert statuses(first.folder) == {
        101: "completed",
        103: "refunded",
        104: "completed",
        105: "trash",  # nobody paid it for two weeks
        106: "cancelled",
        107: "pending",
        108: "completed",
        110: "completed",
        111: "completed",
    }
    assert result.rows == {"orders": 9, "refunds": 3, "customers": 2, "products": 3}
    logged = rows(first.folder, "select table_name, rows from raw_parcours.loads where account_id = 'boutique.example'")
    assert dict(logged) == result.rows


def test_all_pages_arrive_also_where_an_item_is_pushed_over_the_border(
    served: Running, loaded: Path, tmp_path: Path
) -> None:
    for name in CONNECTOR.tables:
        served.fault(f"/{name}$", "repeat_page", times=9)
    pull(tmp_path, page_rows=2)
    assert everything(tmp_path) == everything(loaded)
    # Eight orders, three refunds and products, two customers; then an empty page each.
    assert served.sandbox.requests.pages() == {"/orders": 5, "/refunds": 3, "/customers": 2, "/products": 3}


def test_a_second_run_adds_nothing_and_asks_only_for_changed_orders(served: Running, loaded: Path, again: Path) -> None:
    pull(again)
    assert everything(again) == everything(loaded)
    # Three business days of Paris up to the 15th begin on the 13th, 23:00 UTC of the 12th; said without a zone.
    asked = {(call["status"], call["modified_after"], call["dates_are_gmt"]) for call in queries(served, "/orders")}
    assert asked == {(status, "2026-03-12T23:00:00", "true") for status in ("any", "trash")}
    assert served.sandbox.requests.pages()["/orders"] == 2  # one page, of what was trashed, and the end


def test_a_change_is_seen_and_so_is_the_trash(served: Running, tmp_path: Path) -> None:
    VENDOR.pull_at(served, tmp_path, NOON + 2 * HOUR)
    assert statuses(tmp_path) == {
        **dict.fromkeys((101, 103, 104, 106, 108, 110, 111), "processing"),
        105: "failed",
    }
    VENDOR.pull_at(served, tmp_path, NOON + 5 * DAY, NOW)
    found = statuses(tmp_path)
    assert (found[105], found[106], found[108]) == ("trash", "cancelled", "completed")
    assert len(found) == 9


@pytest.mark.parametrize("world", [taken_back()], ids=["taken back"])
def test_what_the_shop_deletes_vanishes_here(served: Running, tmp_path: Path) -> None:
    VENDOR.pull_at(served, tmp_path, NOON + 7 * DAY - HOUR)
    assert statuses(tmp_path) == {
        **dict.fromkeys((101, 104, 108, 110, 111), "completed"),
        **{103: "refunded", 105: "failed", 106: "cancelled"},
    }
    assert rows(tmp_path, "select id from refunds order by 1") == [(1,), (2,)]
    assert rows(tmp_path, "select id from customers order by 1") == [(1,), (2,)]
    VENDOR.pull_at(served, tmp_path, NOON + 8 * DAY)
    assert statuses(tmp_path)[101] == "trash"
    assert rows(tmp_path, "select id from refunds") == []  # one undone, one of an order in the trash
    assert rows(tmp_path, "select id from customers") == [(2,)]
    assert 111 in statuses(tmp_path)  # completed on the 3rd, before the three days that are asked again
    pull(tmp_path, NOON + 14 * DAY)
    assert set(statuses(tmp_path)) == {101, 103, 104, 105, 106, 108, 110}


@pytest.mark.parametrize("world", [taken_back()], ids=["taken back"])
def test_an_order_that_changed_a_day_ago_and_is_deleted_vanishes_with_the_next_load(
    served: Running, tmp_path: Path
) -> None:
    served.set_clock(NOON + 2 * DAY + 2 * HOUR)  # just completed
    pull(tmp_path, NOON + 3 * DAY)
    assert 111 in statuses(tmp_path)
    served.set_clock(NOON + 7 * DAY)
    pull(tmp_path, NOON + 4 * DAY)
    assert 111 not in statuses(tmp_path)


def test_an_order_of_a_deleted_account_is_a_guests_with_the_next_deep_load(tmp_path: Path) -> None:
    buyer = "select customer_id, date_modified_gmt from orders where id = 101"
    world = small_world()
    world.customers = [replace(one, deleted_at=NOON + 7 * DAY) for one in world.customers]
    world.refunds = []
    with VENDOR.served(world) as sandbox:
        VENDOR.pull_at(sandbox, tmp_path, NOON + 6 * DAY)
        sandbox.set_clock(NOW)
        pull(tmp_path, NOON + 8 * DAY, deep_every_days=0)
        assert rows(tmp_path, "select id from customers") == []
        assert rows(tmp_path, buyer) == [(1, "2026-03-03T13:00:00")]  # completed two days after its payment
        pull(tmp_path, NOON + 13 * DAY)
        assert rows(tmp_path, buyer) == [(0, "2026-03-03T13:00:00")]


def test_a_list_that_becomes_shorter_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete(request: requests.PreparedRequest) -> None:
        if "/orders?" in (request.url or "") and "page=1" in (request.url or ""):
            sandbox.set_clock(NOW)

    with VENDOR.served(taken_back(), NOON + 7 * DAY - HOUR) as sandbox:
        meanwhile(monkeypatch, delete)
        pull(tmp_path, page_rows=2)
    # The first page held 101 and 103. Without 101, which is in the trash by then, 104 is on no page after it.
    assert set(statuses(tmp_path)) == {101, 103, 104, 105, 106, 107, 108, 110}
    assert statuses(tmp_path)[101] == "trash"


def test_a_deleted_refund_vanishes_and_a_product_stays(served: Running, again: Path) -> None:
    served.set_clock(NOON + 5 * DAY)  # as if the later two had been deleted
    served.sandbox.world.products.pop()
    pull(again)
    assert rows(again, "select id, parent_id from refunds") == [(1, 101)]
    assert rows(again, "select id, type from products order by 1") == [
        (1, "simple"),
        (2, "simple"),
        (100, "gift-card"),
    ]


def test_another_meaning_of_metadata_reads_all_orders_again(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, tip_names=[], opt_in_meta_key="", test_meta_key="")
    assert "meta_data" not in queries(served, "/orders")[0]["_fields"]
    flags = "select sum(is_test::int), sum(has_opted_in::int), sum((fee_lines like '%tip%')::int) from orders"
    assert rows(tmp_path, flags) == [(0, 0, 0)]
    pull(tmp_path)
    assert rows(tmp_path, flags) == [(1, 1, 1)]
    assert queries(served, "/orders")[-1]["include_meta"] == "_newsletter,_test_mode"


def test_nothing_personal_is_asked_for_but_the_address_and_nothing_reaches_the_disk(
    served: Running, tmp_path: Path
) -> None:
    served.fault("/woocommerce", "new_column", times=99)
    pull(tmp_path)
    found = written(tmp_path)
    assert ADA.encode() in found
    assert [text for text in PERSONAL if text.encode() in found] == []
    fields = queries(served, "/orders")[0]["_fields"].split(",")
    assert [name for name in fields if name.startswith(("billing", "shipping.", "customer"))] == [
        "customer_id",
        "billing.email",
        "billing.country",
        "shipping.country",
    ]
    assert queries(served, "/customers")[0]["_fields"] == "id,email,date_created_gmt"


def test_passing_faults_are_survived(served: Running, loaded: Path, tmp_path: Path) -> None:
    passing_faults(served, "/orders", "/refunds")
    served.fault("/products", "quota_gone", times=2)
    assert pull(tmp_path).rows == {"orders": 9, "refunds": 3, "customers": 2, "products": 3}
    assert served.sandbox.faults.pending() == []
    assert everything(tmp_path) == everything(loaded)


@pytest.mark.parametrize(
    ("kind", "path", "dropped", "said"),
    [
        ("missing_column", "orders", "date_paid_gmt", "orders row 1: the vendor no longer sends date_paid_gmt"),
        ("missing_column", "orders", "line_items", "orders row 1: the vendor no longer sends line_items"),
        ("missing_column", "orders", "meta_data", "orders row of id 101: the vendor no longer sends meta_data"),
        ("missing_column", "orders", "taxes", "orders row of id 101: the vendor no longer sends line_items.taxes"),
        ("missing_column", "refunds", "amount", "refunds row 1: the vendor no longer sends amount"),
        (
            "missing_column",
            "refunds",
            "quantity",
            "refunds row of id 1: the vendor no longer sends line_items.quant",
        ),
        ("missing_column", "products", "type", "products row 1: the vendor no longer sends type"),
    ],
)
def test_what_figures_rest_on_cannot_go_or_be_renamed(
    served: Running,
    loaded: Path,
    again: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    path: str,
    dropped: str,
    said: str,
) -> None:
    monkeypatch.setattr("sandbox.vendors.woocommerce.DROPPED", (dropped,))
    served.fault(f"/{path}$", kind, times=9)
    with pytest.raises(SchemaDrift, match=f"woocommerce: {said}"):
        pull(again, NOON + 3 * DAY)
    assert everything(again) == everything(loaded)


def test_a_cost_of_another_type_is_no_unknown_cost(
    served: Running, loaded: Path, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Placed._line
    monkeypatch.setattr(Placed, "_line", lambda *line: honest(*line) | {"cost_of_goods_sold": "12.50"})
    with pytest.raises(SchemaDrift, match=r"cost_of_goods_sold of a line is '12\.50', not an object"):
        pull(again, NOON + 3 * DAY)
    assert everything(again) == everything(loaded)


def test_a_status_that_a_plugin_adds_is_told_of_where_no_date_decides(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "select date_day, detail from raw_parcours.caveats where caveat = 'unknown_value'"
    monkeypatch.setattr("sandbox.vendors.woocommerce.RENAMED", {"completed": "fulfilled", "pending": "quoted"})
    served.fault("/orders$", "renamed_enum", times=99)
    assert pull(tmp_path).rows["orders"] == 9
    assert statuses(tmp_path)[101] == "fulfilled"
    detail = "orders without a date of payment: 1 of status 'quoted'"
    assert rows(tmp_path, told) == [(date(2026, 3, 11), detail)]  # the others were paid
    pull(tmp_path, plugin_statuses=["quoted"])
    assert rows(tmp_path, told) == []


def test_a_list_that_is_a_thing_or_says_more_than_it_holds_is_refused_and_nothing_is_lost(
    served: Running, loaded: Path, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = VendorSession._answer
    for body, said in ((b"{}", "customers has no list"), (b"[]", "customers is empty, but is said to have")):

        def other(
            self: VendorSession,
            request: requests.PreparedRequest,
            seconds: float,
            body: bytes = body,
            **more: Any,
        ) -> requests.Response:
            answer = send(self, request, seconds, **more)
            if "/customers?" in (request.url or ""):
                answer._content = body
            return answer

        monkeypatch.setattr(VendorSession, "_answer", other)
        with pytest.raises(ConnectorError, match=f"woocommerce: .*{said}"):
            pull(again, NOW + DAY)
        assert everything(again) == everything(loaded)


def test_a_cache_that_always_answers_the_first_page_is_no_endless_list(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = VendorSession.send

    def first(self: VendorSession, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        request.url = re.sub(r"\bpage=\d+", "page=1", request.url or "")
        return send(self, request, **more)

    monkeypatch.setattr(VendorSession, "send", first)
    with pytest.raises(ConnectorError, match="rows that it had given before"):
        pull(tmp_path, page_rows=2)
    assert len(served.requests()) < 30


def test_a_field_of_a_plugin_does_no_harm_and_is_remembered(served: Running, again: Path) -> None:
    served.fault("/orders$", "new_column", times=9)
    pull(again, NOW + DAY)
    fields = VENDOR.fields(again, "orders")
    assert (fields["total"], fields["loyalty_tier"]) == (NOW, NOW + DAY)


def test_a_number_that_is_a_word_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault("/orders", "changed_type")
    with pytest.raises(RowRefused, match="woocommerce: orders row 1: customer_id is a str that is no int64"):
        pull(tmp_path)


def test_check_names_the_shop_and_what_the_key_may_read(served: Running) -> None:
    assert CONNECTOR.check(WoocommerceOptions(site=SITE)) == [
        "boutique.example: WooCommerce 10.3.5, EUR",
        "8 orders",  # the trash is not among them
        "3 refunds",
        "2 customers",
        "3 products",
    ]


def test_without_a_base_url_it_is_the_site_over_tls_with_the_key_in_a_header(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SOURCES__WOOCOMMERCE__BASE_URL", raising=False)
    monkeypatch.setenv("SOURCES__WOOCOMMERCE__CONSUMER_KEY", "ck")
    monkeypatch.setenv("SOURCES__WOOCOMMERCE__CONSUMER_SECRET", "cs")
    asked = unsent(monkeypatch, lambda: CONNECTOR.check(WoocommerceOptions(site=SITE)), lambda: pull(tmp_path))
    for request in asked:
        assert (request.url or "").startswith("https://boutique.example/wp-json/wc/v3/")
        assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"ck:cs").decode()
    assert len(asked) > 2


@pytest.mark.parametrize("site", ["https://boutique.example", "boutique.example/", ""])
def test_a_site_is_a_host_without_scheme(site: str) -> None:
    with pytest.raises(ValidationError):
        WoocommerceOptions(site=site)


@pytest.fixture(scope="module")
def data(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Staging over one load."""
    folder = copied(loaded, tmp_path_factory.mktemp("models"))
    stage(folder, CONNECTOR)
    return folder


def test_orders_are_dated_at_their_payment_and_cash_at_its_delivery(data: Path) -> None:
    columns = "order_id, transaction_id, ordered_at, paid_at, customer_id, person_key, has_opted_in, is_test, country"
    paid = NOON + HOUR
    assert staged(data, "stg_woocommerce__orders", columns) == [
        ("101", "T-1001", NOON, paid, "1", ADA, True, False, "FR"),
        ("103", "B103", NOON, paid, None, BOB, False, False, "BE"),
        ("104", "B104", NOON, paid, None, None, False, True, "BE"),
        ("106", "B106", NOON, paid, None, None, False, False, "BE"),  # cancelled after payment
        ("107", "B107", NOON + 10 * DAY, None, None, None, False, False, "BE"),
        ("108", "B108", NOON, NOON + 4 * DAY, None, None, False, False, "BE"),
        ("110", "B110", NOON, paid, None, None, False, False, "BE"),
        ("111", "B111", NOON, paid, None, None, False, False, "BE"),
    ]
    shared = "account_id, voided_at, currency, has_lines, given_amount, given_units, is_tax_known"
    assert set(staged(data, "stg_woocommerce__orders", shared)) == {(SITE, None, "EUR", True, None, None, True)}


def test_lines_are_without_tax_whatever_the_prices_include(data: Path) -> None:
    columns = "order_line_id, product_id, product_name, line_kind, quantity, net_amount, is_tax_known, unit_cost"
    assert staged(data, "stg_woocommerce__order_lines", columns, "order_id in ('101', '103', '110', '111')") == [
        ("101001", "P-1", "Savon", "product", 2, 18, True, 3),  # 24.00 − 2.40 − 3.60 of tax
        ("101002", "P-100", "Carte cadeau", "gift_card", 1, 50, True, None),
        ("101901", None, None, "shipping", 1, 5, True, None),
        ("101902", None, None, "fee", 1, Decimal("1.5"), True, None),
        ("101903", None, None, "tip", 1, 2, True, None),
        ("103001", "P-2", "Bougie & Cie", "product", 1, 24, False, None),  # taxes off: 24.00 hold an unknown tax
        ("110001", "P-1", "Savon", "product", 1, 0, True, 3),
        ("111001", "P-100", "Carte cadeau", "gift_card", 1, 50, True, None),
    ]
    assert set(staged(data, "stg_woocommerce__order_lines", "account_id, cost_currency")) == {(SITE, "EUR")}


def test_refunds_name_their_line_and_are_without_tax(data: Path) -> None:
    columns = "account_id, refund_id, order_id, order_line_id, refunded_at, quantity, net_amount, currency"
    # The third is for no line: of 6.00 as much is tax as of the order, whose 81.10 hold 4.60 of it.
    assert staged(data, "stg_woocommerce__refunds", columns) == [
        (SITE, "1", "101", "101001", NOON + 5 * DAY, 1, 9, "EUR"),
        (SITE, "2", "103", "103001", NOON + 6 * DAY, 1, None, "EUR"),
        (SITE, "3", "101", None, NOON + 7 * DAY, 0, Decimal("5.659679"), "EUR"),
    ]


def test_customers_have_a_person_and_a_date(data: Path) -> None:
    assert staged(data, "stg_woocommerce__customers", "account_id, customer_id, person_key, created_at") == [
        (SITE, "1", ADA, NOON - 20 * DAY),
        (SITE, "2", BOB, NOON + DAY),
    ]
