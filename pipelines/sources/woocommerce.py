"""WooCommerce: the orders, refunds, customers and products of a shop.

https://developer.woocommerce.com/docs/apis/rest-api/v3/
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig
from pydantic import Field

from pipelines.connector import Connector, Options, Plan, Scope, Table
from pipelines.http import session

API_PATH = "/wp-json/wc/v3"
MOST_ROWS = 100  # of a page
REREAD_DAYS = 3  # an order that changes while pages are read can be missed, and a shop's clock can be wrong
AS_NOW = 1  # listed whole every time: no filter tells what changed, or what is no longer there
FIRST_WITH_REFUNDS = 9  # the version that lists the refunds of all orders
ADVICE = (
    "Create a REST API key with read access in WooCommerce (Settings > Advanced > REST API), for a shop manager or an "
    "administrator, and set SOURCES__WOOCOMMERCE__CONSUMER_KEY and SOURCES__WOOCOMMERCE__CONSUMER_SECRET. If they are "
    "right, the web server may be dropping the Authorization header: its host can let it through."
)

STATUSES = [{"status": "any"}, {"status": "trash"}]  # asked one after the other: "any" leaves the trash out
LINES = ("line_items", "shipping_lines", "fee_lines")
ORDER_FIELDS = (
    *("id", "number", "status", "currency", "prices_include_tax", "total", "total_tax", "payment_method"),
    *("date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt"),
    *("customer_id", "billing.email", "billing.country", "shipping.country"),
    *LINES,
)
REFUND_FIELDS = ("id", "parent_id", "date_created_gmt", "amount", *LINES)
CUSTOMER_FIELDS = ("id", "email", "date_created_gmt")
PRODUCT_FIELDS = ("id", "type")
# The vendor cannot leave out fields of a list's items, whose names of fees and metadata are free text.
LINE_FIELDS = ("id", "name", "product_id", "sku", "quantity", "total", "total_tax", "taxes", "cost_of_goods_sold")
CHARGE_FIELDS = ("id", "total", "total_tax", "taxes")
REFUNDED_FIELDS = ("id", "quantity", "total", "total_tax")

Row = dict[str, Any]


def _schema(*texts: str, **others: pa.DataType) -> pa.Schema:
    columns: dict[str, pa.DataType] = {"site": pa.string(), "id": pa.int64(), **dict.fromkeys(texts, pa.string())}
    return pa.schema(columns | others)


TABLES = {
    # An order in the trash says so in its status; one that is deleted for good, past the trash, stays as it was.
    "orders": Table(
        _schema(
            *("number", "status", "currency", "total", "total_tax", "payment_method"),
            *("date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt"),
            *("email_key", "billing__country", "shipping__country", *LINES),
            customer_id=pa.int64(),
            prices_include_tax=pa.bool_(),
            is_test=pa.bool_(),
            has_opted_in=pa.bool_(),
        ),
        ("site", "id"),
        "entities",
        REREAD_DAYS,
        newest_by="date_modified_gmt",
        emails={"email_key": "billing__email"},
    ),
    "refunds": Table(
        _schema("date_created_gmt", "amount", *LINES, parent_id=pa.int64()),
        ("site", "id"),
        "slices",
        AS_NOW,
        slice_by=("site",),
    ),
    "customers": Table(
        _schema("email_key", "date_created_gmt"),
        ("site", "id"),
        "slices",
        AS_NOW,
        slice_by=("site",),
        emails={"email_key": "email"},
    ),
    # Kept once it is gone from the shop: old orders still name it.
    "products": Table(_schema("type"), ("site", "id"), "entities", AS_NOW),
}


class WoocommerceOptions(Options):
    """`[sources.woocommerce]`. Metadata is the shop's own: only whether it says yes is kept."""

    site: str = Field(pattern=r"^[^\s/:]+(:\d+)?(/\S*[^\s/])?$", description="the shop's host, without https://")
    tip_names: list[str] = Field(default_factory=list, description="names of the fees that are tips")
    opt_in_meta_key: str = Field(default="", description="metadata of an order that says yes to newsletters")
    test_meta_key: str = Field(default="", description="metadata of an order that was paid in a gateway's test mode")
    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="rows asked for per page")


@dlt.source(name="woocommerce", section="woocommerce", max_table_nesting=0)
def woocommerce(
    options: WoocommerceOptions,
    plan: Plan,
    consumer_key: dlt.TSecretStrValue = dlt.secrets.value,
    consumer_secret: dlt.TSecretStrValue = dlt.secrets.value,
    base_url: str = "",
) -> list[DltResource]:
    """Orders that changed since the asked day, in the trash too; all refunds, customers and products."""
    meta_keys = [key for key in (options.opt_in_meta_key, options.test_meta_key) if key]
    order_fields = (*ORDER_FIELDS, *(["meta_data"] if meta_keys else []))
    changed = {
        "status": "{resources.statuses.status}",
        # Without a zone: the vendor would turn one into its own and compare that with its times in UTC.
        "modified_after": f"{plan.since('orders'):%Y-%m-%dT%H:%M:%S}",
        "dates_are_gmt": "true",
        "include_meta": ",".join(meta_keys),
    }
    config: RESTAPIConfig = {
        "client": {
            "base_url": (base_url or f"https://{options.site}") + API_PATH,
            "auth": {"type": "http_basic", "username": consumer_key, "password": consumer_secret},
            "session": session("woocommerce", ADVICE),
            # By number up to an empty page: the links in the vendor's headers can name another host, or plain http.
            "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
        },
        "resource_defaults": {
            # By id: nothing moves to another page when it changes, and what is new comes last.
            "endpoint": {"params": {"per_page": options.page_rows, "orderby": "id", "order": "asc"}},
        },
        "resources": [
            dlt.resource([STATUSES], name="statuses", selected=False),
            _listed("orders", order_fields, _order(options), **changed),
            _listed("refunds", REFUND_FIELDS, _refund(options)),
            _listed("customers", CUSTOMER_FIELDS, lambda row: row | {"site": options.site}, role="all"),
            _listed("products", PRODUCT_FIELDS, lambda row: row | {"site": options.site}),
        ],
    }
    return rest_api_resources(config)


def _listed(name: str, fields: Iterable[str], kept: Callable[[Row], Row], **params: str) -> EndpointResource:
    """A collection of the API, with these fields of its items and what is kept of them."""
    return {
        "name": name,
        "endpoint": {"path": name, "params": {"_fields": ",".join(fields), **params}, "data_selector": "$"},
        "processing_steps": [{"map": kept}],
    }


def _order(options: WoocommerceOptions) -> Callable[[Row], Row]:
    """Metadata and fees as what they mean: their own words are not for the warehouse."""

    def kept(row: Row) -> Row:
        said_yes = {one["key"] for one in row.get("meta_data") or () if _is_yes(one.get("value"))}
        fees = [
            fee | {"kind": "tip" if fee.get("name") in options.tip_names else "fee"}
            for fee in row.get("fee_lines") or ()
        ]
        return row | {
            "site": options.site,
            "is_test": options.test_meta_key in said_yes,
            "has_opted_in": options.opt_in_meta_key in said_yes,
            "line_items": _picked(row.get("line_items"), LINE_FIELDS),
            "shipping_lines": _picked(row.get("shipping_lines"), CHARGE_FIELDS),
            "fee_lines": _picked(fees, (*CHARGE_FIELDS, "kind")),
        }

    return kept


def _refund(options: WoocommerceOptions) -> Callable[[Row], Row]:
    """Each refunded line with the order's line that its metadata names."""

    def kept(row: Row) -> Row:
        return row | {"site": options.site} | {name: refunded(row.get(name)) for name in LINES}

    def refunded(lines: list[Row] | None) -> list[Row]:
        found = []
        for line in lines or ():
            meta = {one["key"]: one.get("value") for one in line.get("meta_data") or ()}
            found.append(line | {"refunded_item_id": meta.get("_refunded_item_id")})
        return _picked(found, (*REFUNDED_FIELDS, "refunded_item_id"))

    return kept


def _picked(lines: list[Row] | None, fields: Iterable[str]) -> list[Row]:
    return [{name: line[name] for name in fields if name in line} for line in lines or ()]


def _is_yes(value: Any) -> bool:
    return str(value).lower() in ("yes", "1", "true", "on")


def scopes(options: WoocommerceOptions, table: str) -> list[Scope]:
    """One shop; what its orders' metadata and fees mean shapes their rows."""
    meanings = json.dumps([sorted(options.tip_names), options.opt_in_meta_key, options.test_meta_key])
    return [Scope(options.site, hashlib.sha256(meanings.encode()).hexdigest()[:16] if table == "orders" else "")]


def check(options: WoocommerceOptions) -> list[str]:
    """The shop's version and currency, and how much of each thing the key may read."""
    http = session("woocommerce", ADVICE)
    key, secret = (dlt.secrets.get(f"sources.woocommerce.{name}", str) or "" for name in CONNECTOR.secrets)
    http.auth = (key, secret)
    base_url = dlt.config.get("sources.woocommerce.base_url", str) or f"https://{options.site}"
    status = http.get(f"{base_url}{API_PATH}/system_status", params={"_fields": "environment,settings"}).json()
    version = status["environment"]["version"]
    lines = [f"{options.site}: WooCommerce {version}, {status['settings']['currency']}"]
    if int(version.partition(".")[0]) < FIRST_WITH_REFUNDS:
        return [*lines, f"it does not list refunds: update WooCommerce to {FIRST_WITH_REFUNDS}.0 or later"]
    for name in TABLES:
        answer = http.get(f"{base_url}{API_PATH}/{name}", params={"per_page": "1", "_fields": "id"})
        lines.append(f"{answer.headers.get('X-WP-Total', '?')} {name}")
    return lines


CONNECTOR = Connector(
    name="woocommerce",
    title="WooCommerce",
    tables=TABLES,
    options=WoocommerceOptions,
    source=woocommerce,
    scopes=scopes,
    check=check,
    feeds={
        "orders": ("orders",),
        "order_lines": ("orders", "products"),
        "refunds": ("refunds", "orders"),
        "customers": ("customers",),
    },
    secrets=("consumer_key", "consumer_secret"),
    advice=ADVICE,
    permissions=("read",),
    docs_url="https://developer.woocommerce.com/docs/apis/rest-api/v3/",
    api_version="wc/v3",
)
