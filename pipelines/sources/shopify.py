"""Shopify: orders with their lines, payments and refunds, and customers.

https://shopify.dev/docs/api/admin-graphql/2026-10

Shopify lets only cancelled and test orders be deleted, and only customers without orders: neither is a purchase that
could become undone, so what is deleted there stays here as it was last seen.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from pydantic import Field

from pipelines.connector import AccessRefused, Connector, Options, Plan, Pull, Scope, Table
from pipelines.sources.shopify_client import (
    ADVICE,
    API_VERSION,
    MOST_ROWS,
    SCOPES,
    BulkFailed,
    Row,
    Shopify,
    gathered,
)
from pipelines.sources.shopify_queries import BULK, PAGED, REFUNDS, SHOP

LATE_DAYS = 3  # the index behind `updated_at` lags, and a change while pages are read waits for the next load
BULK_DAYS = 31  # more days than these are asked as one bulk operation, which costs no query budget
SHOWN = timedelta(days=60)  # without read_all_orders the vendor shows no older order, and says nothing of it
MONEY = "presentment_money__amount"


def _schema(*texts: str, **others: pa.DataType) -> pa.Schema:
    return pa.schema({**dict.fromkeys(texts, pa.string()), **others})


TABLES = {
    "orders": Table(
        _schema(
            *("shop", "id", "name", "created_at", "processed_at", "updated_at", "cancelled_at", "email_key"),
            *("display_financial_status", "presentment_currency_code", "customer__id"),
            *("shipping_address__country_code_v2", "billing_address__country_code_v2"),
            *(f"total_price_set__{MONEY}", f"original_total_price_set__{MONEY}", f"total_tip_received_set__{MONEY}"),
            # Whole lists, so that a line that vanished from its order vanishes here.
            *("line_items", "shipping_line", "additional_fees", "transactions", "refunds"),
            test=pa.bool_(),
            customer_accepts_marketing=pa.bool_(),
            taxes_included=pa.bool_(),
        ),
        ("shop", "id"),
        "entities",
        LATE_DAYS,
        emails={"email_key": "email"},
    ),
    "customers": Table(
        _schema("shop", "id", "created_at", "updated_at", "email_key"),
        ("shop", "id"),
        "entities",
        LATE_DAYS,
        emails={"email_key": "default_email_address__email_address"},
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
    yield dlt.resource(_rows(api, options, plan, "orders"), name="orders")
    yield dlt.resource(_rows(api, options, plan, "customers"), name="customers")


def _rows(api: Shopify, options: ShopifyOptions, plan: Plan, table: str) -> Iterator[list[Row]]:
    """The rows of a table; a page may repeat some, newest first."""
    seen: set[str] = set()
    for pull in plan.of(table):
        if table == "orders":
            _warn_of_withheld(api, plan, pull)
        for page in _pages(api, options, plan, pull):
            fresh = [row for row in page if row["id"] not in seen]
            seen.update(row["id"] for row in fresh)
            if table == "orders":
                _add_refund_lines(api, options, fresh)
            yield [row | {"shop": options.shop} for row in fresh]


def _pages(api: Shopify, options: ShopifyOptions, plan: Plan, pull: Pull) -> Iterator[list[Row]]:
    """What changed since a day: history in bulk, a few days page by page; the same rows both ways."""
    changed = f"updated_at:>='{plan.start(pull.first_day):%Y-%m-%dT%H:%M:%SZ}'"
    if (pull.last_day - pull.first_day).days >= BULK_DAYS:
        try:
            lines = api.bulk(BULK[pull.table] % json.dumps(changed))
        except BulkFailed as error:
            plan.warn(f"{error}; {pull.table} were read page by page")
        else:
            rows = gathered(lines, "lineItems")
            while page := list(islice(rows, MOST_ROWS)):
                yield page
            return
    lines_too = {"lines": options.line_rows} if pull.table == "orders" else {}
    for page in api.pages(PAGED[pull.table], pull.table, rows=options.page_rows, filter=changed, **lines_too):
        yield [row | {"lineItems": api.whole(row, "lineItems", options.line_rows)} for row in page]


def _add_refund_lines(api: Shopify, options: ShopifyOptions, orders: list[Row]) -> None:
    """Complete each refund of these orders with its lines and the shipping it gives back."""
    refunds = {refund["id"]: refund for order in orders for refund in order.get("refunds") or ()}
    ids = iter(refunds)
    while some := list(islice(ids, options.page_rows)):
        for found in api.nodes(REFUNDS, some, options.line_rows):
            refund = refunds[found["id"]]
            for holder in ("refundLineItems", "refundShippingLines"):
                refund[holder] = api.whole(found, holder, options.line_rows)


def _warn_of_withheld(api: Shopify, plan: Plan, pull: Pull) -> None:
    """Say that orders are missing, since the vendor does not."""
    if plan.start(pull.first_day) < plan.as_of - SHOWN and "read_all_orders" not in _scopes(api.ask(SHOP)):
        plan.warn("shopify: only the last 60 days of orders were given; grant the app read_all_orders, then load again")


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
