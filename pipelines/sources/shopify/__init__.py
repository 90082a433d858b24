"""Shopify: orders with their lines, payments and refunds, and customers.

https://shopify.dev/docs/api/admin-graphql/2026-10

Orders that no payment service knows of, and tests, can be deleted there, and customers without orders or merged into
another. What is listed no more is deleted here as well.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from pydantic import Field

from pipelines.connector import AccessRefused, Connector, Options, Plan, Pull, Scope, Table, columns
from pipelines.sources.shopify.client import (
    ADVICE,
    API_VERSION,
    MOST_ROWS,
    SCOPES,
    BulkFailed,
    Row,
    Shopify,
    gathered,
)
from pipelines.sources.shopify.queries import BULK, PAGED, REFUNDS, SHOP

LATE_DAYS = 3  # the index behind `updated_at` lags, and a change while pages are read waits for the next load
BULK_DAYS = 31  # more days than these are asked as one bulk operation, which costs no query budget
SHOWN = timedelta(days=60)  # without read_all_orders the vendor shows no older order, and says nothing of it
ALL, RECENT = "all orders", "orders of 60 days"  # what a load could see
CHANGED = "updated_at:>='%s'"
AMOUNTS = ("total_price_set", "original_total_price_set", "total_tip_received_set")
MONEYS = ("shop_money__amount", "presentment_money__amount")

# Of what decides whether an order counts, all values that the vendor documents. Of two such fields the other one
# decides where a value is new.
FINANCIAL_STATUSES = frozenset(
    ("AUTHORIZED", "EXPIRED", "PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED", "VOIDED")
)
TEXT, MOMENT = pa.string(), pa.timestamp("us", tz="UTC")
TAKING = ("CAPTURE", "SALE")  # the kinds of transaction that take money

INSIDE: dict[str, pa.DataType] = {
    **dict.fromkeys(("id", "title", "sku", "kind", "status", "reason", "actionType", "lineType", "currencyCode"), TEXT),
    **dict.fromkeys(("createdAt", "processedAt", "happenedAt"), MOMENT),
    **dict.fromkeys(("amount", "quantity"), pa.decimal128(38, 9)),
    "isGiftCard": pa.bool_(),
}

TABLES = {
    "orders": Table(
        columns(
            *("shop", "id", "name", "created_at", "processed_at", "updated_at", "cancelled_at", "email_key"),
            # When it last changed, null where the app may not see all orders: there, one that is hidden looks deleted.
            "listed_at",
            *("display_financial_status", "presentment_currency_code", "customer__id"),
            *("shipping_address__country_code_v2", "billing_address__country_code_v2"),
            "total_price_set__shop_money__currency_code",
            *(f"{amount}__{money}" for amount in AMOUNTS for money in MONEYS),
            # Whole lists, so that a line that vanished from its order vanishes here.
            *("line_items", "shipping_line", "additional_fees", "transactions", "refunds"),
            # What changed it since it was placed; null where nothing did.
            "agreements",
            test=pa.bool_(),
            customer_accepts_marketing=pa.bool_(),
            taxes_included=pa.bool_(),
        ),
        ("shop", "id"),
        "entities",
        LATE_DAYS,
        newest_by="updated_at",
        nested=("line_items", "shipping_line", "additional_fees", "transactions", "refunds", "agreements"),
        inside=INSIDE,
        emails={"email_key": "email"},
        # Fields that are never null: a query is answered with all its fields, a bulk operation may leave out nulls.
        required=(
            *("name", "created_at", "updated_at", "test", "taxes_included", "presentment_currency_code"),
            *("total_price_set__presentment_money__amount", "line_items", "additional_fees", "transactions", "refunds"),
        ),
        dated_by=("processed_at", "created_at"),
        listed_by="listed_at",
    ),
    "customers": Table(
        columns("shop", "id", "created_at", "updated_at", "email_key"),
        ("shop", "id"),
        "entities",
        LATE_DAYS,
        newest_by="updated_at",
        emails={"email_key": "default_email_address__email_address"},
        required=("created_at", "updated_at"),
        dated_by=("created_at",),
        listed_by="updated_at",
    ),
}


class ShopifyOptions(Options):
    """`shop`: what stands before .myshopify.com in the shop's address.

    `page_rows`: how many orders or customers a page holds; `line_rows`: how many lines of an order come with it before
    more are asked for apart. Both are lowered where they cost too much.
    """

    shop: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    page_rows: int = Field(default=25, ge=1, le=MOST_ROWS)
    line_rows: int = Field(default=20, ge=1, le=MOST_ROWS)


@dlt.source(name="shopify", section="shopify", max_table_nesting=0)
def shopify(
    options: ShopifyOptions, plan: Plan, access_token: dlt.TSecretStrValue = dlt.secrets.value, base_url: str = ""
) -> Iterator[DltResource]:
    """Orders and customers that changed since the first asked day."""
    api = Shopify(options.shop, access_token, base_url)
    yield dlt.resource(_orders(api, options, plan), name="orders")
    yield dlt.resource(_customers(api, options, plan), name="customers")


def _orders(api: Shopify, options: ShopifyOptions, plan: Plan) -> Iterator[list[Row]]:
    for pull in plan.of("orders"):
        shows_all = _shows_all(api, plan, pull)
        undecided: Counter[date] = Counter()
        for page in _pages(api, options, plan, pull):
            _add_refund_lines(api, options, page)
            _add_agreements(api, options, page)
            undecided.update(_placed_on(order, plan) for order in page if is_undecided(order))
            yield [row | {"shop": options.shop, "listed_at": row["updatedAt"] if shows_all else None} for row in page]
        for day, count in undecided.items():
            plan.caveat("orders", pull.account_id, "unknown_value", f"orders whose payment is not known: {count}", day)
        plan.quota |= {"query cost": api.budget} if api.budget else {}
        if api.served_version != API_VERSION:
            plan.warn(f"shopify answers as version {api.served_version}, not {API_VERSION}: upgrade Parcours")


def _customers(api: Shopify, options: ShopifyOptions, plan: Plan) -> Iterator[list[Row]]:
    for pull in plan.of("customers"):
        for page in _pages(api, options, plan, pull):
            yield [row | {"shop": options.shop} for row in page]


def _pages(api: Shopify, options: ShopifyOptions, plan: Plan, pull: Pull) -> Iterator[list[Row]]:
    """What changed since a day: history in bulk, a few days page by page; the same rows both ways.

    Pages come newest change first, so what changes while they are read is asked for until nothing does: a row that is
    on no page would count as deleted.
    """
    since, newest = "", f"{plan.start(pull.first_day):%Y-%m-%dT%H:%M:%SZ}"
    if (pull.last_day - pull.first_day).days >= BULK_DAYS:
        try:
            rows = gathered(api.bulk(BULK[pull.table] % json.dumps(CHANGED % newest)), "lineItems")
        except BulkFailed as error:
            plan.warn(f"{error}; {pull.table} were read page by page")
        else:
            while page := list(islice(rows, MOST_ROWS)):
                yield page
            return
    lines_too = {"lines": options.line_rows} if pull.table == "orders" else {}
    seen: set[tuple[str, str]] = set()
    while newest > since:
        since = newest
        asked = {"rows": options.page_rows, "filter": CHANGED % since, **lines_too}
        for found in api.pages(PAGED[pull.table], pull.table, **asked):
            fresh = [row for row in found if (row["id"], row["updatedAt"]) not in seen]
            seen.update((row["id"], row["updatedAt"]) for row in fresh)
            newest = max([newest, *(row["updatedAt"] for row in fresh)])
            if lines_too:
                fresh = [row | {"lineItems": api.whole(row, "lineItems", options.line_rows)} for row in fresh]
            yield fresh


def _add_refund_lines(api: Shopify, options: ShopifyOptions, orders: list[Row]) -> None:
    """Complete each refund of these orders with its lines and the shipping it gives back."""
    refunds = {refund["id"]: refund for order in orders for refund in order.get("refunds") or ()}
    ids = iter(refunds)
    while some := list(islice(ids, options.page_rows)):
        for found in api.nodes(REFUNDS, some, options.line_rows):
            refund = refunds[found["id"]]
            for holder in ("refundLineItems", "refundShippingLines"):
                refund[holder] = api.whole(found, holder, options.line_rows)


def _shows_all(api: Shopify, plan: Plan, pull: Pull) -> bool:
    """Whether the vendor gives all orders; that it withholds some, it does not say."""
    shows_all = "read_all_orders" in _scopes(api.ask(SHOP))
    table, shop = pull.table, pull.account_id
    if not shows_all and plan.known_hashes.get((table, shop)) == ALL:
        raise AccessRefused(
            "shopify: the app may no longer see orders older than 60 days, which would count as deleted: grant it "
            f"read_all_orders again. {ADVICE}"
        )
    plan.keep_hash(table, shop, ALL if shows_all else RECENT)
    if not shows_all:
        plan.caveat(table, shop, "truncated", "orders are shown for 60 days only, later changes of them are not")
        if plan.start(pull.first_day) < plan.as_of - SHOWN:
            plan.warn(
                "shopify: only the last 60 days of orders were given; grant the app read_all_orders, then load again"
            )
    return shows_all


def _add_agreements(api: Shopify, options: ShopifyOptions, orders: list[Row]) -> None:
    """Complete the orders that were changed since they were placed with what was agreed when; few are."""
    for order in orders:
        amounts = [order[name] for name in ("totalPriceSet", "originalTotalPriceSet") if order.get(name)]
        # returns and exchanges change what an order comes to, and may not count as an edit
        if order.get("edited") or ("edited" in order and amounts[0] != amounts[-1]):
            order["agreements"] = api.agreements(order["id"], options.line_rows)


def _placed_on(order: Row, plan: Plan) -> date:
    return datetime.fromisoformat(order["createdAt"]).astimezone(plan.zone).date()


def is_undecided(order: Row) -> bool:
    """Whether no field tells that an order is paid or is not: its status is new, and its payments do not reach it."""
    status = order.get("displayFinancialStatus")
    if status is None or status in FINANCIAL_STATUSES:
        return False
    taken = sum(
        Decimal(one["amountSet"]["presentmentMoney"]["amount"])
        for one in order.get("transactions") or ()
        if one.get("kind") in TAKING and one.get("status") == "SUCCESS"
    )
    due = Decimal(order["totalPriceSet"]["presentmentMoney"]["amount"])
    return not taken or taken < due


def _scopes(answer: Row) -> set[str]:
    """The scopes that an app has; one to write includes the one to read."""
    handles = {scope["handle"] for scope in answer["currentAppInstallation"]["accessScopes"]}
    return handles | {handle.replace("write_", "read_", 1) for handle in handles}


def scopes(options: ShopifyOptions, table: str) -> list[Scope]:
    """One shop."""
    return [Scope(options.shop)]


def check(options: ShopifyOptions) -> list[str]:
    """The shop with its zone and the currency of its costs, and what the app's scopes keep from being read."""
    access_token = dlt.secrets.get("sources.shopify.access_token", str) or ""
    api = Shopify(options.shop, access_token, dlt.config.get("sources.shopify.base_url", str) or "")
    answer = api.ask(SHOP)
    shop, missing = answer["shop"], [scope for scope in SCOPES if scope not in _scopes(answer)]
    if set(missing) - {"read_all_orders"}:
        raise AccessRefused(f"shopify: the app lacks {', '.join(missing)}. {ADVICE}")
    place = f"{shop['myshopifyDomain']}: currency {shop['currencyCode']}, zone {shop['ianaTimezone']}"
    lines = [f"shop {shop['name']} ({place}), API {API_VERSION}"]
    if missing:
        lines.append("only the last 60 days of orders are shown: grant the app read_all_orders for older ones")
    if api.served_version != API_VERSION:
        lines.append(f"Shopify answers as version {api.served_version}, not {API_VERSION}: upgrade Parcours")
    return lines


CONNECTOR = Connector(
    name="shopify",
    title="Shopify",
    tables=TABLES,
    options=ShopifyOptions,
    source=shopify,
    scopes=scopes,
    check=check,
    feeds={
        "orders": ("orders",),
        "order_lines": ("orders",),
        "refunds": ("orders",),
        "customers": ("customers",),
    },
    secrets=("access_token",),
    advice=ADVICE,
    permissions=SCOPES,
    docs_url="https://shopify.dev/docs/api/admin-graphql/2026-10",
    api_version=API_VERSION,
    api_ends_on=date(2027, 10, 1),  # a version answers for at least a year
)
