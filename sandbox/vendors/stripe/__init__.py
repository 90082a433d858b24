"""The Stripe API 2026-10-28.endive: lists of payments, invoices, refunds, disputes, credit notes, customers, products.

https://docs.stripe.com/api
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from zlib import crc32

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.events import World
from sandbox.faults import Fault
from sandbox.state import Sandbox
from sandbox.vendors.stripe import after, invoices, objects
from sandbox.vendors.stripe.bills import CATALOGUE_AGE, DRAFTED_FOR, Bill, Item, bills, drafts, seconds

API_KEY = "sandbox-live"
TEST_KEY = "sandbox-test"  # shows the objects of test mode, and no others
NARROW_KEY = "sandbox-narrow"  # a restricted key that may read lists, but not the account
OLDER_KEY = "sandbox-older"  # one that was made before disputes and credit notes were asked for
ENVIRONMENT = {"SOURCES__STRIPE__BASE_URL": "{url}", "SOURCES__STRIPE__API_KEY": API_KEY}
API_VERSION = "2026-10-28.endive"
DEFAULT_LIMIT, MOST_LIMIT = 10, 100
NEW_FIELD = {"loyalty_tier": "gold"}  # what the fault `new_column` adds
DROPPED = {"charge": "captured"}  # what `missing_column` leaves out of an object; of others, their status
RENAMED = {"succeeded": "settled", "paid": "settled"}  # what `renamed_enum` makes of a status
BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda created, bound: created > bound,
    "gte": lambda created, bound: created >= bound,
    "lt": lambda created, bound: created < bound,
    "lte": lambda created, bound: created <= bound,
}
LIST_PARAMETERS = {"limit", "starting_after", "created", *(f"created[{bound}]" for bound in BOUNDS)}
DOCS = "https://docs.stripe.com"


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, code: str = "", param: str = "", should_retry: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"Stripe-Should-Retry": str(should_retry).lower()}
        more = {"code": code, "doc_url": f"{DOCS}/error-codes#{code}" if code else "", "param": param}
        self.error: Item = {"message": message, "type": "invalid_request_error"}
        self.error |= {name: text for name, text in more.items() if text}


@dataclass(frozen=True)
class Entry:
    """An object of a list, made only when its page is asked for; `until`: when it is deleted."""

    created: int
    object_id: str
    is_live: bool
    make: Callable[[datetime], Item]
    until: datetime | None = None

    def is_there(self, now: datetime) -> bool:
        """Whether it has been made by now and not been deleted."""
        return self.created <= now.timestamp() and (self.until is None or self.until > now)


class Account:
    """The lists of the account, newest first."""

    def __init__(self, world: World) -> None:
        self.bills = bills(world)
        self.invoices = {one.invoice_id: one for one in self.bills if one.customer}
        entries = {name: list(found) for name, found in self._lists(world).items()}
        self.lists = {
            name: sorted(found, key=lambda one: (one.created, one.object_id), reverse=True)
            for name, found in entries.items()
        }

    def _lists(self, world: World) -> dict[str, Iterator[Entry]]:
        priced = [one for one in self.bills if one.total]
        billed = list(self.invoices.values())
        return {
            "charges": _charges(priced),
            "payment_intents": (_entry(one, one.order.placed_at, one.intent_id, objects.intent) for one in priced),
            "invoices": _invoices(billed, drafts(world)),
            "invoice_payments": (
                _entry(one, one.order.placed_at, f"inpay_{one.order.order_id}", invoices.invoice_payment)
                for one in billed
                if one.total
            ),
            "refunds": _refunds(priced),
            "disputes": (_made(bill, one) for bill in priced for one in after.disputes(bill)),
            "credit_notes": (_made(bill, one) for bill in billed for one in after.credit_notes(bill)),
            "customers": _customers(world, self.bills),
            "products": _products(world),
        }


def _entry(bill: Bill, created_at: datetime, object_id: str, make: Callable[[Bill, datetime], Item]) -> Entry:
    return Entry(seconds(created_at) or 0, object_id, bill.is_live, partial(make, bill))


def _made(bill: Bill, one: after.Made) -> Entry:
    return Entry(seconds(one.at) or 0, one.object_id, bill.is_live, one.look)


def _invoices(billed: list[Bill], drafted: list[Bill]) -> Iterator[Entry]:
    """Those that are finalised, which stay, and those that are drafts, until somebody deletes them."""
    for bill in billed:
        yield _entry(bill, bill.order.placed_at, bill.invoice_id, invoices.invoice)
    for bill in drafted:
        entry = _entry(bill, bill.order.placed_at, bill.invoice_id, invoices.draft)
        yield replace(entry, until=bill.order.placed_at + DRAFTED_FOR)


def _charges(found: list[Bill]) -> Iterator[Entry]:
    for bill in found:
        if bill.failed_at:
            yield _entry(bill, bill.failed_at, f"{bill.charge_id}-declined", objects.declined)
        if bill.charged_at:
            yield _entry(bill, bill.charged_at, bill.charge_id, objects.charge)
        if bill.returned_at:
            yield _entry(bill, bill.order.placed_at, f"{bill.charge_id}-returned", objects.returned)


def _refunds(found: list[Bill]) -> Iterator[Entry]:
    for bill in found:
        if not bill.charged_at:
            continue
        if bill.order.voided_at:
            yield _entry(bill, bill.order.voided_at, f"re_{bill.order.order_id}-released", objects.release)
            continue
        for one in bill.refunds:
            make = partial(objects.refund, bill, one)
            yield Entry(seconds(one.happened_at) or 0, f"re_{one.refund_id}", bill.is_live, make)


def _customers(world: World, found: list[Bill]) -> Iterator[Entry]:
    """Every customer of the shops; in test mode those who placed a test order."""
    people = {one.person_id: one for one in world.people}
    testers = {bill.order.customer_id for bill in found if not bill.is_live}
    for one in world.customers:
        for is_live in (True, False) if one.customer_id in testers else (True,):
            item = objects.customer(one, people.get(one.person_id), is_live)
            yield Entry(item["created"], item["id"], is_live, partial(_as_it_is, item), one.deleted_at)


def _products(world: World) -> Iterator[Entry]:
    first = min((one.placed_at for one in world.orders), default=datetime.fromisoformat("2020-01-01T00:00:00Z"))
    for one in (*world.products, objects.TIP):
        for is_live in (True, False):
            item = objects.product(one, first - CATALOGUE_AGE, is_live)
            yield Entry(item["created"], item["id"], is_live, partial(_as_it_is, item))


def _as_it_is(item: Item, now: datetime) -> Item:
    return item


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /stripe, with the paths of api.stripe.com."""
    account = Account(sandbox.world)
    routes = APIRouter(prefix="/v1")

    def answer(request: Request) -> Response:
        fault = sandbox.faults.take(request.url.path)
        try:
            _refuse(request, fault)
            body = _shown(account, sandbox, request, fault)
        except Problem as problem:
            return JSONResponse({"error": problem.error}, problem.status, problem.headers)
        headers = {"Request-Id": f"req_{crc32(str(request.url).encode()):08x}", "Stripe-Version": API_VERSION}
        return JSONResponse(body, headers=headers)

    routes.add_api_route("/account", answer)
    routes.add_api_route("/invoices/{invoice_id}/lines", answer)
    routes.add_api_route("/{name}", answer)
    return routes


def _refuse(request: Request, fault: Fault | None) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    version = request.headers.get("Stripe-Version", API_VERSION)
    if not key:
        raise Problem(401, "You did not provide an API key: give it in the Authorization header.")
    if fault and fault.kind == "token_expired":
        raise Problem(401, f"Expired API Key provided: {_masked(key)}", "api_key_expired")
    if scheme.lower() != "bearer" or key not in (API_KEY, TEST_KEY, NARROW_KEY, OLDER_KEY):
        raise Problem(401, f"Invalid API Key provided: {_masked(key)}")
    if fault and fault.kind == "429":
        message = f"Request rate limit exceeded. Learn more about rate limits here {DOCS}/rate-limits."
        raise Problem(429, message, "rate_limit", should_retry=True)
    if version != API_VERSION:
        raise Problem(400, f"Invalid Stripe API version: {version}.")


def _masked(key: str) -> str:
    return f"{'*' * 12}{key[-4:]}"


def _key(request: Request) -> str:
    return request.headers["Authorization"].partition(" ")[2]


def _shown(account: Account, sandbox: Sandbox, request: Request, fault: Fault | None) -> Any:
    """What a path shows now."""
    now, path = sandbox.now(), request.url.path.partition("/v1")[2]
    if path == "/account":
        if _key(request) == NARROW_KEY:
            raise Problem(403, f"The provided key '{_masked(NARROW_KEY)}' does not have the required permissions.")
        return objects.ACCOUNT
    if _key(request) == OLDER_KEY and path in ("/disputes", "/credit_notes"):
        raise Problem(403, f"The provided key '{_masked(OLDER_KEY)}' does not have the required permissions.")
    entries = [one for one in _entries(account, request, now) if one.is_live == (_key(request) != TEST_KEY)]
    limit, start = _limit(request), _start(request, entries)
    repeated = 1 if start and fault and fault.kind == "repeat_page" else 0
    page = entries[start - repeated : start - repeated + limit]
    endpoint = "/invoices/{invoice}/lines" if path.endswith("/lines") else path
    sandbox.requests.note(endpoint, start // limit + 1, len(page))
    return {
        "object": "list",
        "data": [_spoilt(one.make(now), fault) for one in page],
        "has_more": start - repeated + limit < len(entries),
        "url": f"/v1{path}",
    }


def _entries(account: Account, request: Request, now: datetime) -> list[Entry]:
    """What the list holds now, of the asked time."""
    invoice_id = request.path_params.get("invoice_id")
    if invoice_id is not None:
        bill = account.invoices.get(invoice_id)
        if bill is None or bill.order.placed_at > now:
            raise Problem(404, f"No such invoice: '{invoice_id}'", "resource_missing", "invoice")
        return [Entry(0, one.line_id, bill.is_live, partial(_as_it_is, invoices.line(bill, one))) for one in bill.lines]
    name = request.path_params["name"]
    if name not in account.lists:
        raise Problem(404, f"Unrecognized request URL (GET: /v1/{name}).")
    for parameter in request.query_params:
        if parameter not in LIST_PARAMETERS:
            raise Problem(400, f"Received unknown parameter: {parameter}", "parameter_unknown", parameter)
    asked = [(holds, _number(request, f"created[{bound}]")) for bound, holds in BOUNDS.items()]
    bounds = [(holds, bound) for holds, bound in asked if bound is not None]
    shown = (one for one in account.lists[name] if one.is_there(now))
    return [one for one in shown if all(holds(one.created, bound) for holds, bound in bounds)]


def _start(request: Request, entries: list[Entry]) -> int:
    """How many entries come before the page."""
    cursor = request.query_params.get("starting_after")
    if cursor is None:
        return 0
    for position, one in enumerate(entries, start=1):
        if one.object_id == cursor:
            return position
    raise Problem(400, f"No such object: '{cursor}'", "resource_missing", "starting_after")


def _limit(request: Request) -> int:
    limit = _number(request, "limit")
    if limit is not None and not 1 <= limit <= MOST_LIMIT:
        raise Problem(
            400, f"Invalid integer: limit must be between 1 and {MOST_LIMIT}.", "parameter_invalid_integer", "limit"
        )
    return limit or DEFAULT_LIMIT


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise Problem(400, f"Invalid integer: {text}", "parameter_invalid_integer", name)
    return int(text)


def _spoilt(item: Item, fault: Fault | None) -> Item:
    """The same object with a field more or less, with an amount that is a word, or a status of another name."""
    if fault and fault.kind == "new_column":
        return item | NEW_FIELD
    if fault and fault.kind == "changed_type" and "amount" in item:
        return item | {"amount": "12.00 EUR"}
    if fault and fault.kind == "missing_column":
        dropped = DROPPED.get(item["object"], "status")
        return {name: value for name, value in item.items() if name != dropped}
    if fault and fault.kind == "renamed_enum" and "status" in item:
        return item | {"status": RENAMED.get(item["status"], item["status"])}
    return item
