"""Stripe: payments, invoices with their lines, what was given back (refunds, disputes, credit notes), customers.

https://docs.stripe.com/api
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, tee
from typing import Any

import dlt
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from pydantic import Field
from requests import Request, Response

from pipelines import parts
from pipelines.connector import AccessRefused, Connector, CredentialRefused, Options, Plan, Scope
from pipelines.http import session
from pipelines.listing import Guarded, Listing, found, selector
from pipelines.rows import SchemaDrift
from pipelines.sources.stripe.tables import DECISIVE, TABLES
from pipelines.undecided import Undecided

BASE_URL = "https://api.stripe.com"
API_VERSION = "2026-10-28.endive"
MOST_ROWS = 100  # the vendor gives no more in one answer
PERMISSIONS = (
    *("Charges and Refunds", "PaymentIntents", "Disputes", "Invoices", "Credit notes", "Customers", "Products"),
)
ADVICE = (
    f"Create a restricted key in Stripe (Developers > API keys) that may read {', '.join(PERMISSIONS)}, and set "
    "SOURCES__STRIPE__API_KEY to all of it."
)

Row = dict[str, Any]

LISTS = tuple(name for name in TABLES if name != "invoice_lines")  # each is /v1/<name>
LISTED_WHOLE = ("products",)
ALL = "all"  # what the load log keeps of customers once those of before the history are here
SPARED = ("disputes", "credit_notes")  # which a key of before may not read: without them the rest loads


class StripeOptions(Options):
    """`page_rows`: how many rows a page holds."""

    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)


class StartingAfter(BasePaginator):
    """The next page begins after the last row of this one, as long as the vendor says that it has more."""

    def __init__(self) -> None:
        super().__init__()
        self.last_id = ""

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Remember the last row, and whether any follow."""
        self._has_next_page = bool(data) and bool(response.json()["has_more"])
        self.last_id = data[-1]["id"] if data else ""

    def update_request(self, request: Request) -> None:
        """Ask for what follows the last row."""
        request.params = {**(request.params or {}), "starting_after": self.last_id}


@dlt.source(name="stripe", section="stripe", max_table_nesting=0)
def stripe(
    options: StripeOptions, plan: Plan, api_key: dlt.TSecretStrValue = dlt.secrets.value, base_url: str = BASE_URL
) -> Iterator[DltResource]:
    """What was created from the asked day on, as it is now, and all products."""
    client = _client(api_key, base_url)
    for name in LISTS:
        pages = _pages(client, name, options, plan)
        if name in SPARED:
            pages = _unless_refused(name, pages, plan)
        if name == "invoices":  # the vendor is asked once for what fills two tables
            pages, same_pages = tee(pages)
            yield dlt.resource(_lines(client, chain.from_iterable(same_pages), options), name="invoice_lines")
        yield dlt.resource(pages, name=name)


def _client(api_key: str, base_url: str) -> RESTClient:
    """How every call is made."""
    return RESTClient(
        base_url,
        headers={"Stripe-Version": API_VERSION},
        auth=BearerTokenAuth(api_key),
        paginator=Guarded(StartingAfter(), "stripe", "data", more="has_more"),
        session=session("stripe", ADVICE),
    )


def _pages(client: RESTClient, name: str, options: StripeOptions, plan: Plan) -> Iterator[list[Row]]:
    """A list; where it has statuses, a caveat tells of rows of an unknown one."""
    is_whole = name in LISTED_WHOLE or (name == "customers" and _is_first(plan))
    asked: dict[str, Any] = {} if is_whole else {"created[gte]": int(plan.since(name).timestamp())}
    if until := plan.until(name):
        asked["created[lt]"] = int(until.timestamp())
    undecided = Undecided(plan, name, "", f"{name.replace('_', ' ')} that count for nothing")
    params = {"limit": options.page_rows, **asked}
    for page in client.paginate(f"/v1/{name}", params=params, data_selector=selector("data")):
        for row in page if name in DECISIVE else ():
            status, created = row.get("status"), row.get("created")
            if status and status not in DECISIVE[name] and row.get("paid") is None and isinstance(created, int):
                undecided.note(datetime.fromtimestamp(created, plan.zone).date(), status, row.get("id"))
        yield page


def _is_first(plan: Plan) -> bool:
    """Customers of before the history are asked for once: what they bought first may be older than it."""
    is_first = plan.known_hashes.get(("customers", "")) != ALL
    plan.keep_hash("customers", "", ALL)
    return is_first


def _unless_refused(name: str, pages: Iterator[list[Row]], plan: Plan) -> Iterator[list[Row]]:
    """The list, which fails alone where the key may not read it; a key that may read nothing fails by the others."""
    try:
        yield from pages
    except CredentialRefused:
        raise
    except AccessRefused as error:
        plan.fail(name, "", str(error))
        parts.tell(plan, name, error)


def _lines(client: RESTClient, invoices: Iterable[Row], options: StripeOptions) -> Iterator[list[Row]]:
    """The lines of each invoice, which holds its first ten. A draft's can still vanish and are left out."""
    for invoice in invoices:
        if not isinstance(status := invoice.get("status"), str):
            raise SchemaDrift(
                f"stripe: the status of invoice {invoice.get('id')} is a {type(status).__name__}: whether its lines "
                "count is not known; none were loaded. Upgrade Parcours, or report it."
            )
        if status == "draft":
            continue
        held = Listing(f"stripe: lines of invoice {invoice['id']}")
        given: Iterable[Sequence[Mapping[str, Any]]] = [held.page(found(invoice, "lines.data"))]
        if held.says(found(invoice, "lines.has_more")):
            path = f"/v1/invoices/{invoice['id']}/lines"
            given = client.paginate(path, params={"limit": options.page_rows}, data_selector=selector("data"))
        ours = {
            "invoice": invoice["id"],
            "invoice_created": invoice.get("created"),
            "invoice_paid_at": (invoice.get("status_transitions") or {}).get("paid_at"),
        }
        for page in given:
            yield [{**line, **ours} for line in page]


def scopes(options: StripeOptions, table: str) -> list[Scope]:
    """One key is one account, which every table holds whole."""
    return [Scope("")]


def check(options: StripeOptions) -> list[str]:
    """Every list is asked for a row, so that a missing permission shows; then whose account it is."""
    api_key = dlt.secrets.get("sources.stripe.api_key", str) or ""
    client = _client(api_key, dlt.config.get("sources.stripe.base_url", str) or BASE_URL)
    read: list[Row] = []
    refused: list[str] = []
    for name in LISTS:
        try:
            read += client.get(f"/v1/{name}", params={"limit": 1}).json()["data"]
        except AccessRefused:
            if name not in SPARED:
                raise
            refused.append(name)
    lines = [f"API version {API_VERSION}: {', '.join(name for name in LISTS if name not in refused)} can be read"]
    lines += [
        f"{name.replace('_', ' ')}: this key may not read them, and refunds lack what they gave back"
        for name in refused
    ]
    try:
        account = client.get("/v1/account").json()
        time_zone = account["settings"]["dashboard"]["timezone"]
        lines.append(f"account {account['id']}: {account['default_currency'].upper()}, {time_zone}")
    except AccessRefused:
        lines.append("account: this key may not read it, which no table needs")
    if any(row.get("livemode") is False for row in read):
        lines.append("this is a key of test mode: all that it reads is marked as a test and counts nowhere")
    return lines


CONNECTOR = Connector(
    name="stripe",
    title="Stripe",
    tables=TABLES,
    options=StripeOptions,
    source=stripe,
    scopes=scopes,
    check=check,
    feeds={
        "orders": ("charges", "payment_intents", "invoices", "invoice_payments", "customers"),
        "order_lines": ("invoice_lines", "invoices", "products"),
        "refunds": ("refunds", "disputes", "credit_notes", "charges", "invoices", "invoice_payments"),
        "customers": ("customers",),
    },
    takes_payments=True,
    secrets=("api_key",),
    advice=ADVICE,
    permissions=PERMISSIONS,
    docs_url="https://docs.stripe.com/api",
    api_version=API_VERSION,
)
