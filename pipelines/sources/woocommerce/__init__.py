"""WooCommerce: the orders, refunds, customers and products of a shop.

https://developer.woocommerce.com/docs/apis/rest-api/v3/
"""

import hashlib
import html
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig
from pydantic import Field

from pipelines.connector import Connector, Options, Plan, Scope
from pipelines.http import session
from pipelines.listing import Guarded, selector
from pipelines.rows import SchemaDrift
from pipelines.sources.woocommerce.tables import LINES, TABLES
from pipelines.undecided import Undecided

API_PATH = "/wp-json/wc/v3"
MOST_ROWS = 100  # of a page
MOMENT = "%Y-%m-%dT%H:%M:%S"
FIRST_WITH_REFUNDS = 9  # the version that lists the refunds of all orders
ADVICE = (
    "Create a REST API key with read access in WooCommerce (Settings > Advanced > REST API), for a shop manager or an "
    "administrator, and set SOURCES__WOOCOMMERCE__CONSUMER_KEY and SOURCES__WOOCOMMERCE__CONSUMER_SECRET. If they are "
    "right, the web server may be dropping the Authorization header: its host can let it through."
)

ASKED = [{"status": "any"}, {"status": "trash"}]  # one after the other: "any" leaves the trash out
# Of the vendor; plugins add their own, which count once they have a date of payment.
STATUSES = frozenset(
    {
        *("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"),
        *("trash", "checkout-draft", "auto-draft", "draft", "new"),
        *("partial-payment", "partially-paid", "partial-paid", "deposit-paid"),  # of the plugins that take deposits
    }
)
ORDER_FIELDS = (
    *("id", "parent_id", "number", "status", "currency", "prices_include_tax", "total", "total_tax", "payment_method"),
    *("date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt"),
    *("customer_id", "billing.email", "billing.country", "shipping.country"),
    *LINES,
)
REFUND_FIELDS = ("id", "parent_id", "date_created_gmt", "amount", *LINES)
CUSTOMER_FIELDS = ("id", "email", "date_created_gmt")
PRODUCT_FIELDS = ("id", "type")
# The vendor cannot leave out fields of a list's items, whose names of fees and metadata are free text. All of these are
# always there, but for the costs, which a shop may have turned off.
CHARGE_FIELDS = ("id", "total", "total_tax", "taxes")
LINE_FIELDS = (*CHARGE_FIELDS, "name", "product_id", "sku", "quantity")
COSTS = "cost_of_goods_sold"
REFUNDED_FIELDS = {
    "line_items": ("id", "quantity", "total", "total_tax"),
    "shipping_lines": ("id", "total", "total_tax"),
    "fee_lines": ("id", "total", "total_tax"),
}

Row = dict[str, Any]


class WoocommerceOptions(Options):
    """`[sources.woocommerce]`. Metadata is the shop's own: only whether it says yes is kept.

    An order of a plugin's status counts like any other: once it has a date of payment. Until then a caveat tells of it,
    unless the status is named here.
    """

    site: str = Field(pattern=r"^[^\s/:]+(:\d+)?(/\S*[^\s/])?$", description="the shop's host, without https://")
    tip_names: list[str] = Field(default_factory=list, description="names of the fees that are tips")
    opt_in_meta_key: str = Field(default="", description="metadata of an order that says yes to newsletters")
    test_meta_key: str = Field(default="", description="metadata of an order that was paid in a gateway's test mode")
    plugin_statuses: list[str] = Field(default_factory=list, description="plugins' statuses of unpaid orders")
    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="rows asked for per page")


def _tell_undecided(row: Row, options: WoocommerceOptions, plan: Plan, undecided: Undecided) -> None:
    """Of an order without a date of payment whose status is not known, on the day of its last change."""
    changed, status = row.get("date_modified_gmt"), row.get("status")
    is_dated = row.get("date_paid_gmt") or row.get("date_completed_gmt")
    # Also an order that a plugin has made "completed" without saying when.
    is_known = status in STATUSES | set(options.plugin_statuses) and status != "completed"
    if status and changed and not is_known and not is_dated:
        day = datetime.fromisoformat(changed).replace(tzinfo=UTC).astimezone(plan.zone).date()
        undecided.note(day, status, row.get("id"))


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
        "modified_after": f"{plan.since('orders'):{MOMENT}}",
        "dates_are_gmt": "true",
        "include_meta": ",".join(meta_keys),
    }
    if until := plan.until("orders"):
        # Both bounds are left out by the vendor, and what changed at this one is not asked for again.
        changed["modified_before"] = f"{until + timedelta(seconds=1):{MOMENT}}"
    config: RESTAPIConfig = {
        "client": {
            "base_url": (base_url or f"https://{options.site}") + API_PATH,
            "auth": {"type": "http_basic", "username": consumer_key, "password": consumer_secret},
            "session": session("woocommerce", ADVICE),
            # By number up to an empty page: the links in the vendor's headers can name another host, or plain http.
            "paginator": Guarded(
                PageNumberPaginator(base_page=1, total_path=None), "woocommerce", total="header X-WP-Total"
            ),
        },
        "resource_defaults": {
            # By id: nothing moves to another page when it changes, and what is new comes last.
            "endpoint": {"params": {"per_page": options.page_rows, "orderby": "id", "order": "asc"}},
        },
        "resources": [
            dlt.resource([ASKED], name="statuses", selected=False),
            _listed("orders", order_fields, _order(options, plan), **changed),
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
        "endpoint": {"path": name, "params": {"_fields": ",".join(fields), **params}, "data_selector": selector("$")},
        "processing_steps": [{"map": kept}],
    }


def _order(options: WoocommerceOptions, plan: Plan) -> Callable[[Row], Row]:
    """Metadata and fees as what they mean: their own words are not for the warehouse."""
    undecided = Undecided(plan, "orders", options.site, "orders without a date of payment")
    asks_for_metadata = bool(options.opt_in_meta_key or options.test_meta_key)

    def kept(row: Row) -> Row:
        _tell_undecided(row, options, plan, undecided)
        if asks_for_metadata and "meta_data" not in row:
            raise SchemaDrift(_missing("orders", row, "meta_data"))
        said_yes = {one["key"] for one in row.get("meta_data") or () if _is_yes(one.get("value"))}
        meant = {"is_test": options.test_meta_key in said_yes, "has_opted_in": options.opt_in_meta_key in said_yes}
        return row | {"site": options.site} | meant | lists(row)

    def lists(row: Row) -> Row:
        """Those that the vendor sends; without one of them the row is refused."""
        found: Row = {}
        for name in (name for name in LINES if name in row):
            needed = LINE_FIELDS if name == "line_items" else CHARGE_FIELDS
            found[name] = [
                _picked("orders", row, name, line, needed)
                | _cost(row, line)
                | (
                    {"kind": "tip" if html.unescape(str(line.get("name"))) in options.tip_names else "fee"}
                    if name == "fee_lines"
                    else {}
                )
                for line in row[name]
            ]
        return found

    return kept


def _refund(options: WoocommerceOptions) -> Callable[[Row], Row]:
    """Each refunded line with the order's line that its metadata names."""

    def kept(row: Row) -> Row:
        found = {name: [refunded(row, name, line) for line in row[name]] for name in LINES if name in row}
        return row | {"site": options.site} | found

    def refunded(row: Row, name: str, line: Row) -> Row:
        meta = {one["key"]: one.get("value") for one in line.get("meta_data") or ()}
        picked = _picked("refunds", row, name, line, REFUNDED_FIELDS[name])
        return picked | {"refunded_item_id": meta.get("_refunded_item_id")}

    return kept


def _picked(table: str, row: Row, name: str, line: Row, needed: Iterable[str]) -> Row:
    """These fields of a line, all of which figures rest on."""
    for field in needed:
        if field not in line:
            raise SchemaDrift(_missing(table, row, f"{name}.{field}"))
    # WordPress keeps names as a page shows them: "Soap &amp; Co".
    return {field: html.unescape(line[field]) if isinstance(line[field], str) else line[field] for field in needed}


def _cost(row: Row, line: Row) -> Row:
    """What a line cost the shop, where the shop says it."""
    if not isinstance(line.get(COSTS), dict | None):
        raise SchemaDrift(
            f"woocommerce: orders row of id {row.get('id')}: {COSTS} of a line is {line[COSTS]!r}, not an object. The "
            "vendor changed this field; nothing of this source was loaded. Upgrade Parcours, or report it."
        )
    return {COSTS: line[COSTS]} if COSTS in line else {}


def _missing(table: str, row: Row, field: str) -> str:
    return (
        f"woocommerce: {table} row of id {row.get('id')}: the vendor no longer sends {field}, which its figures need; "
        "nothing of this source was loaded. Upgrade Parcours, or report it."
    )


def _is_yes(value: Any) -> bool:
    return str(value).lower() in ("yes", "1", "true", "on")


def scopes(options: WoocommerceOptions, table: str) -> list[Scope]:
    """One shop; what its orders' metadata and fees mean shapes their rows."""
    meanings = json.dumps(
        [
            ORDER_FIELDS,
            sorted(options.tip_names),
            sorted(options.plugin_statuses),
            options.opt_in_meta_key,
            options.test_meta_key,
        ]
    )
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
    lines += _undecided(http.get(f"{base_url}{API_PATH}/reports/orders/totals").json(), options)
    for name in TABLES:
        answer = http.get(f"{base_url}{API_PATH}/{name}", params={"per_page": "1", "_fields": "id"})
        lines.append(f"{answer.headers.get('X-WP-Total', '?')} {name}")
    return lines


def _undecided(totals: Any, options: WoocommerceOptions) -> list[str]:
    """The shop's statuses that neither WooCommerce nor the settings know."""
    known = STATUSES | set(options.plugin_statuses)
    slugs = [one["slug"] for one in totals if isinstance(one, dict) and "slug" in one]
    return [
        f"orders of status {slug!r} count once they have a date of payment; if those without one are not paid, name it "
        "in plugin_statuses"
        for slug in slugs
        if slug not in known
    ]


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
