"""The Shopify Admin API as awkward as it is, over a real socket. No specification of it is at hand."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.events import Customer, Order, OrderLine, Person, Product, Refund, Shop, Withdrawal, World
from sandbox.server import Running, running
from sandbox.vendors.shopify.values import gid, number

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TOKEN = {"X-Shopify-Access-Token": "sandbox-shopify"}
FIRST = Order(
    order_id="A1", shop_id="international", customer_id="c1", person_id=1, email="ada@example.com", placed_at=NOON,
    paid_at=NOON + HOUR, currency="USD", is_tax_known=True, shipping=590, shipping_tax=0, tip=200, fee=0,
    is_test=False, voided_at=None, cancelled_at=None, opted_in=True, transaction_id="",
)  # fmt: skip


def id_where(divisor: int) -> str:
    """An order's id whose number at the vendor is divisible by this of 5, 7 and 11 alone."""
    of = {name: number("Order", name) for name in (f"Z{n}" for n in range(500))}
    others = [n for n in (5, 7, 11) if n != divisor]
    return next(name for name, key in of.items() if key % divisor == 0 and all(key % n for n in others))


IN_PARTS, DECLINED = id_where(7), id_where(11)


@pytest.fixture
def shopify() -> Iterator[Running]:
    orders = [
        FIRST,
        replace(FIRST, order_id="A2", placed_at=NOON + 3 * HOUR, paid_at=None, voided_at=NOON + 4 * HOUR, tip=0),
        replace(FIRST, order_id=IN_PARTS, placed_at=NOON, paid_at=NOON + 2 * DAY, currency="JPY", tip=0, shipping=0),
        replace(FIRST, order_id=DECLINED, placed_at=NOON - 90 * DAY, paid_at=NOON - 90 * DAY, customer_id=None),
    ]
    world = World(
        NOON.date(),
        date(2026, 3, 31),
        people=[Person(1, "ada@example.com", (), "Ada", "Lovelace", "+33123", "Rue Morgue", "US")],
        shops=[Shop("international", "International", tax_included=False)],
        products=[Product("P1", "Soap", "product", 900, 350)],
        customers=[Customer("c1", "international", 1, "ada@example.com", NOON - DAY)],
        orders=orders,
        order_lines=[
            *(OrderLine(one.order_id, f"{one.order_id}-1", "P1", 3, 1000, 301, 0) for one in orders),
            OrderLine("A1", "A1-2", "P1", 1, 1000, 0, 0),
        ],
        refunds=[Refund("R1", "A1", "A1-2", NOON + DAY, 1, 1000, 0)],
    )
    with running(world, NOON + 5 * DAY, only=["shopify"]) as sandbox:
        yield sandbox


def call(sandbox: Running, query: str, key: str = "sandbox-shopify", /, **variables: Any) -> requests.Response:
    return requests.post(
        f"{sandbox.base_url}/shopify/admin/api/2026-10/graphql.json",
        json={"query": query, "variables": variables},
        headers={"X-Shopify-Access-Token": key},
        timeout=10,
    )


def data(sandbox: Running, query: str, /, **variables: Any) -> Any:
    return call(sandbox, query, **variables).json()["data"]


def error(sandbox: Running, query: str, key: str = "sandbox-shopify") -> Any:
    answer = call(sandbox, query, key)
    assert answer.status_code == 200
    return answer.json()["errors"][0]


def order(sandbox: Running, order_id: str, fields: str) -> Any:
    return data(
        sandbox, f"query ($id: ID!) {{ node(id: $id) {{ ... on Order {{ {fields} }} }} }}", id=gid("Order", order_id)
    )["node"]


def test_a_page_holds_what_is_asked_of_it_and_a_cursor_to_the_next(shopify: Running) -> None:
    query = """query Newest($after: String) {
        orders(first: 3, after: $after, sortKey: UPDATED_AT, reverse: true) {
            nodes { id } edges { cursor node { name } } pageInfo { hasNextPage endCursor }
        }
    }"""
    page = data(shopify, query)["orders"]
    assert [one["id"] for one in page["nodes"]] == [gid("Order", one) for one in (IN_PARTS, "A1", "A2")]
    assert page["edges"][1]["node"] == {"name": "#A1"}
    assert page["pageInfo"] == {"hasNextPage": True, "endCursor": page["edges"][-1]["cursor"]}
    rest = data(shopify, query, after=page["pageInfo"]["endCursor"])["orders"]
    assert [one["id"] for one in rest["nodes"]] == [gid("Order", DECLINED)]
    assert rest["pageInfo"]["hasNextPage"] is False


def test_orders_are_filtered_by_their_last_change(shopify: Running) -> None:
    query = "query ($filter: String) { orders(first: 10, query: $filter) { nodes { name } } }"
    names = [
        one["name"] for one in data(shopify, query, filter="updated_at:>='2026-03-02T12:00:00Z'")["orders"]["nodes"]
    ]
    assert sorted(names) == ["#A1", f"#{IN_PARTS}"]  # given back from, and paid, since


def test_amounts_are_texts_in_the_customers_currency(shopify: Running) -> None:
    both = "totalPriceSet { presentmentMoney { amount currencyCode } shopMoney { currencyCode } }"
    assert order(shopify, "A1", both)["totalPriceSet"] == {
        "presentmentMoney": {"amount": "44.89", "currencyCode": "USD"},  # 30.00 − 3.01 + 10.00 + 5.90 + 2.00
        "shopMoney": {"currencyCode": "EUR"},
    }
    assert order(shopify, IN_PARTS, both)["totalPriceSet"]["presentmentMoney"]["amount"] == "2699"


def test_a_discounted_total_leaves_out_the_orders_own_discount(shopify: Running) -> None:
    money = "{ presentmentMoney { amount } }"
    lines = order(
        shopify,
        "A1",
        f"lineItems(first: 9) {{ nodes {{ title quantity originalTotalSet {money} discountedTotalSet {money} "
        f"discountAllocations {{ allocatedAmountSet {money} }} product {{ id }} }} }}",
    )["lineItems"]["nodes"]
    first = {name: lines[0][name]["presentmentMoney"]["amount"] for name in ("originalTotalSet", "discountedTotalSet")}
    assert first == {"originalTotalSet": "30.00", "discountedTotalSet": "28.50"}
    allocated = [one["allocatedAmountSet"]["presentmentMoney"]["amount"] for one in lines[0]["discountAllocations"]]
    assert allocated == ["1.50", "1.51"]
    assert (lines[2]["title"], lines[2]["product"]) == ("Tip", None)


def transactions(sandbox: Running, order_id: str) -> tuple[str, list[tuple[str, str, str]]]:
    found = order(sandbox, order_id, "displayFinancialStatus transactions { kind status processedAt }")
    return found["displayFinancialStatus"], [tuple(one.values()) for one in found["transactions"]]


def test_payments_come_whole_in_parts_after_a_refusal_or_never(shopify: Running) -> None:
    assert transactions(shopify, "A1") == (
        "PARTIALLY_REFUNDED",
        [("SALE", "SUCCESS", "2026-03-01T13:00:00Z"), ("REFUND", "SUCCESS", "2026-03-02T12:00:00Z")],
    )
    assert transactions(shopify, "A2") == (
        "VOIDED",
        [("AUTHORIZATION", "SUCCESS", "2026-03-01T15:00:00Z"), ("VOID", "SUCCESS", "2026-03-01T16:00:00Z")],
    )
    assert [one[:2] for one in transactions(shopify, DECLINED)[1]] == [("SALE", "FAILURE"), ("SALE", "SUCCESS")]
    assert transactions(shopify, IN_PARTS)[1][1:] == [
        ("CAPTURE", "SUCCESS", "2026-03-01T12:00:00Z"),
        ("CAPTURE", "SUCCESS", "2026-03-03T12:00:00Z"),
    ]


def test_the_first_of_two_payments_never_pays_for_what_was_ordered_at_first(shopify: Running) -> None:
    world = shopify.sandbox.world
    added = OrderLine(IN_PARTS, f"{IN_PARTS}-2", "P1", 3, 1000, 301, 0, added_at=NOON + HOUR)
    with running(replace(world, order_lines=[*world.order_lines, added]), NOON + 5 * DAY, only=["shopify"]) as other:
        paid = order(other, IN_PARTS, "transactions { amountSet { presentmentMoney { amount } } }")["transactions"]
    amounts = [one["amountSet"]["presentmentMoney"]["amount"] for one in paid]
    assert amounts == ["5398", "1349", "4049"]  # authorized, half of the 2,699 that were ordered, the rest


def test_nothing_shows_before_it_happens(shopify: Running) -> None:
    shopify.set_clock(NOON + HOUR / 2)
    assert {one["name"] for one in data(shopify, "{ orders(first: 9) { nodes { name } } }")["orders"]["nodes"]} == {
        *("#A1", f"#{IN_PARTS}", f"#{DECLINED}"),
    }
    assert transactions(shopify, "A1")[0] == "PENDING"
    assert transactions(shopify, IN_PARTS)[0] == "PARTIALLY_PAID"
    assert order(shopify, "A1", "updatedAt refunds { id }") == {"updatedAt": "2026-03-01T12:00:00Z", "refunds": []}


def test_older_orders_need_a_scope_and_their_absence_is_not_told(shopify: Running) -> None:
    answer = call(shopify, "{ orders(first: 9) { nodes { name } } }", "sandbox-shopify-60-days").json()
    assert f"#{DECLINED}" not in [one["name"] for one in answer["data"]["orders"]["nodes"]]
    assert "errors" not in answer


def test_refusals_are_good_answers_to_http(shopify: Running) -> None:
    denied = error(shopify, "{ customers(first: 1) { nodes { id } } }", "sandbox-shopify-orders")
    assert denied["extensions"] == {"code": "ACCESS_DENIED", "requiredAccess": "`read_customers` access scope."}
    assert "doesn't exist on type 'Order'" in error(shopify, "{ orders(first: 1) { nodes { colour } } }")["message"]
    assert error(shopify, "{ orders(first: 251) { nodes { id } } }")["message"] == "first cannot exceed 250."
    assert "first or last" in error(shopify, "{ orders { nodes { id } } }")["message"]
    costly = "{ orders(first: 250) { nodes { lineItems(first: 10) { nodes { id } } } } }"
    assert error(shopify, costly)["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert "syntax error" in error(shopify, "{ orders(first: 1) { nodes { id }")["message"]


def test_an_unknown_token_is_no_good_answer_to_http(shopify: Running) -> None:
    answer = call(shopify, "{ shop { name } }", "shpat_other")
    assert answer.status_code == 401
    assert answer.json()["errors"].startswith("[API] Invalid API key or access token")


def test_the_budget_is_told_and_a_throttled_call_says_when_it_holds_enough(shopify: Running) -> None:
    query = "{ orders(first: 10) { nodes { id } } }"
    cost = call(shopify, query).json()["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["throttleStatus"]["restoreRate"]) == (12, 100.0)
    shopify.fault("/shopify", "429")
    throttled = call(shopify, query)
    assert throttled.status_code == 200
    assert throttled.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert throttled.json()["extensions"]["cost"]["actualQueryCost"] is None
    shopify.fault("/shopify", "quota_gone")
    assert call(shopify, query).status_code == 429


RUN = """mutation ($query: String!) { bulkOperationRunQuery(query: $query) {
    bulkOperation { id status url } userErrors { message code } } }"""
LOOK = "query ($id: ID!) { bulkOperation(id: $id) { status objectCount url } }"
WITH_LINES = "{ orders { edges { node { id lineItems { edges { node { id quantity } } } } } } }"


def test_a_bulk_operation_takes_several_polls_and_results_in_ungrouped_lines(shopify: Running) -> None:
    started = data(shopify, RUN, query=WITH_LINES)["bulkOperationRunQuery"]["bulkOperation"]
    assert (started["status"], started["url"]) == ("CREATED", None)
    looks = [data(shopify, LOOK, id=started["id"])["bulkOperation"] for _ in range(3)]
    assert [one["status"] for one in looks] == ["RUNNING", "RUNNING", "COMPLETED"]
    answer = requests.get(looks[2]["url"], timeout=10)
    assert answer.headers["Content-Type"] == "application/jsonl"
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert looks[2]["objectCount"] == str(len(found)) == "11"  # four orders, five lines, two tips
    assert {one["__parentId"] for one in found if "quantity" in one} == {
        one["id"] for one in found if "quantity" not in one
    }
    assert found != sorted(found, key=lambda one: "__parentId" in one)
    assert requests.get(looks[2]["url"].replace("s1gned", ""), timeout=10).status_code == 403


def test_a_bulk_operation_that_finds_nothing_has_no_file(shopify: Running) -> None:
    query = """{ customers(query: "updated_at:>='2027-01-01T00:00:00Z'") { edges { node { id } } } }"""
    started = data(shopify, RUN, query=query)["bulkOperationRunQuery"]["bulkOperation"]
    looks = [data(shopify, LOOK, id=started["id"])["bulkOperation"] for _ in range(3)]
    assert looks[2] == {"status": "COMPLETED", "objectCount": "0", "url": None}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (
            "{ orders { edges { node { refunds { refundLineItems { edges { node { id } } } } } } } }",
            "within a list field",
        ),
        ("{ shop { name } }", "at least one connection"),
        ("{ orders { edges { node { id }", "syntax error"),
    ],
)
def test_a_bulk_operation_takes_not_every_query(shopify: Running, query: str, reason: str) -> None:
    refused = data(shopify, RUN, query=query)["bulkOperationRunQuery"]
    assert refused["bulkOperation"] is None
    assert reason in refused["userErrors"][0]["message"]


def test_an_older_version_is_answered_as_the_oldest_there_is(shopify: Running) -> None:
    url = f"{shopify.base_url}/shopify/admin/api/2024-01/graphql.json"
    answer = requests.post(url, json={"query": "{ shop { name } }"}, headers=TOKEN, timeout=10)
    assert answer.headers["X-Shopify-API-Version"] == "2026-01"
    assert call(shopify, "{ shop { name } }").headers["X-Shopify-API-Version"] == "2026-10"


def test_what_was_deleted_is_shown_no_more(shopify: Running) -> None:
    at, world = NOON + 6 * DAY, shopify.sandbox.world
    never_ordered = Customer("c2", "international", 1, "ada@example.com", NOON, deleted_at=at)
    changed = replace(
        world,
        orders=[replace(one, deleted_at=at if one.order_id == "A1" else None) for one in world.orders],
        customers=[*world.customers, never_ordered],
        withdrawals=[Withdrawal("international", "P1", at)],
    )
    listed = "{ orders(first: 9) { nodes { id } } customers(first: 9) { nodes { id } } }"
    lines = "lineItems(first: 1) { nodes { title sku product { id } variant { id } } }"
    with running(changed, at - HOUR, only=["shopify"]) as sandbox:
        before = data(sandbox, listed)
        assert (len(before["orders"]["nodes"]), len(before["customers"]["nodes"])) == (4, 2)
        assert order(sandbox, "A1", "id") is not None
        [line] = order(sandbox, "A2", lines)["lineItems"]["nodes"]
        assert line["product"] and line["variant"]
        sandbox.set_clock(at)
        after = data(sandbox, listed)
        assert gid("Order", "A1") not in {one["id"] for one in after["orders"]["nodes"]}
        assert [one["id"] for one in after["customers"]["nodes"]] == [gid("Customer", "c1")]
        assert order(sandbox, "A1", "id") is None
        [line] = order(sandbox, "A2", lines)["lineItems"]["nodes"]
        assert line == {"title": "Soap", "sku": "P1", "product": None, "variant": None}


def test_a_field_is_gone_and_a_status_renamed_on_demand(shopify: Running) -> None:
    query = "{ orders(first: 9) { nodes { displayFinancialStatus } } }"
    shopify.fault("/shopify", "missing_column")
    gone = error(shopify, query)
    assert gone["message"] == "Field 'displayFinancialStatus' doesn't exist on type 'Order'"
    assert (gone["extensions"]["code"], gone["extensions"]["typeName"]) == ("undefinedField", "Order")
    shopify.fault("/shopify", "renamed_enum")
    found = {one["displayFinancialStatus"] for one in data(shopify, query)["orders"]["nodes"]}
    assert found == {"SETTLED", "PARTIALLY_REFUNDED", "VOIDED"}


def test_a_new_field_and_a_changed_type_show_on_demand(shopify: Running) -> None:
    query = "{ orders(first: 1) { nodes { taxesIncluded } } }"
    shopify.fault("/shopify", "new_column")
    assert data(shopify, query)["orders"]["nodes"] == [{"taxesIncluded": False, "loyaltyTier": "gold"}]
    shopify.fault("/shopify", "changed_type")
    assert data(shopify, query)["orders"]["nodes"] == [{"taxesIncluded": "partly"}]
