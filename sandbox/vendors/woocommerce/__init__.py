"""A shop's WooCommerce REST API v3 (https://developer.woocommerce.com/docs/apis/rest-api/v3/).

Orders with their status of the moment, those in the trash apart; refunds, customers, products, system status.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from sandbox.faults import Fault
from sandbox.state import Sandbox
from sandbox.vendors.woocommerce.orders import Shown
from sandbox.vendors.woocommerce.shop import Backoffice

KEY, SECRET = "ck_sandbox", "cs_sandbox"
ENVIRONMENT = {
    "SOURCES__WOOCOMMERCE__BASE_URL": "{url}",
    "SOURCES__WOOCOMMERCE__CONSUMER_KEY": KEY,
    "SOURCES__WOOCOMMERCE__CONSUMER_SECRET": SECRET,
}
DEFAULT_ROWS, MOST_ROWS = 10, 100
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
IN_OWN_TABLES = ("/orders", "/refunds")  # the current storage of orders, the default of new shops
ORDERS_BY = ("date", "id", "include", "title", "slug", "modified")
CUSTOMERS_BY = ("id", "include", "name", "registered_date")
FIREWALL = "<html>\n<head><title>{0}</title></head>\n<body><h1>{0}</h1></body>\n</html>\n"
NEW_FIELD = {"loyalty_tier": "gold"}  # what the fault `new_column` adds, as a plugin would
DROPPED = ("date_paid_gmt", "amount", "type")  # what `missing_column` leaves out: of orders, refunds, products
RENAMED = {"completed": "fulfilled"}  # what `renamed_enum` makes of a status

Row = dict[str, Any]


class Problem(Exception):
    """An answer that is an error, as WordPress words it."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Row = {"code": code, "message": message, "data": {"status": status, **more}}


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /woocommerce, with the paths of a WordPress site."""
    shop = Backoffice(sandbox.world)
    zone = ZoneInfo(sandbox.world.time_zone)
    routes = APIRouter(prefix="/wp-json/wc/v3")

    @routes.get("/system_status")
    def system_status(request: Request) -> Response:
        return _guarded(sandbox, request, lambda _: JSONResponse(_chosen(shop.status(), request)))

    @routes.get("/orders")
    def orders(request: Request) -> Response:
        def found(now: datetime) -> list[Shown]:
            return _dated(request, _of_status(request, shop.orders(now)), zone)

        return _guarded(sandbox, request, lambda fault: _page(sandbox, request, found(sandbox.now()), ORDERS_BY, fault))

    @routes.get("/reports/orders/totals")
    def totals(request: Request) -> Response:
        return _guarded(sandbox, request, lambda _: JSONResponse(_totals(shop.orders(sandbox.now()))))

    for name, listed, order_by in (
        ("refunds", shop.refunds, ORDERS_BY),
        ("customers", shop.customers, CUSTOMERS_BY),
        ("products", shop.products, ORDERS_BY),
    ):
        routes.add_api_route(f"/{name}", _collection(sandbox, listed, order_by, zone))
    return routes


def _collection(
    sandbox: Sandbox, listed: Callable[[datetime], list[Shown]], order_by: Sequence[str], zone: ZoneInfo
) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        def page(fault: Fault | None) -> Response:
            return _page(sandbox, request, _dated(request, listed(sandbox.now()), zone), order_by, fault)

        return _guarded(sandbox, request, page)

    return answer


def _guarded(sandbox: Sandbox, request: Request, shown: Callable[[Fault | None], Response]) -> Response:
    """What is shown, or why it is not: the shop's refusal, or that of the firewall in front of it."""
    fault = sandbox.faults.take(request.url.path)
    if fault and fault.kind == "429":
        return HTMLResponse(FIREWALL.format("429 Too Many Requests"), 429, {"Retry-After": "1"})
    if fault and fault.kind == "quota_gone":
        return HTMLResponse(FIREWALL.format("503 Service Temporarily Unavailable"), 503)
    try:
        _refuse(request, fault)
        return shown(fault)
    except Problem as problem:
        return JSONResponse(problem.body, problem.status)


def _refuse(request: Request, fault: Fault | None) -> None:
    """An unknown key is nobody, who may not look; a known one with a wrong secret is told so."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    try:
        key, _, secret = base64.b64decode(credential).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        key, secret = "", ""
    if scheme.lower() != "basic" or key != KEY or (fault and fault.kind == "token_expired"):
        raise Problem(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
    if secret != SECRET:
        raise Problem(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")


def _page(
    sandbox: Sandbox, request: Request, found: list[Shown], order_by: Sequence[str], fault: Fault | None
) -> Response:
    """One page; beyond the last one an empty list. How many there are stands in the headers."""
    page, rows = _number(request, "page", 1), _number(request, "per_page", DEFAULT_ROWS, MOST_ROWS)
    found = _sorted(request, found, order_by)
    first = (page - 1) * rows
    # Something that came in between has pushed one item over the border of the page.
    repeated = 1 if fault and fault.kind == "repeat_page" and 0 < first < len(found) else 0
    items = [_spoilt(_chosen(one.item(), request), fault) for one in found[first - repeated : first + rows]]
    pages = -(-len(found) // rows)
    sandbox.requests.note(f"/{request.url.path.rpartition('/')[2]}", page, len(items))
    total = len(found)
    if not items and request.url.path.endswith(IN_OWN_TABLES):  # nothing found is not counted (OrdersTableQuery)
        pages = total = 0
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    links = [("prev", min(page - 1, pages))] * (page > 1) + [("next", page + 1)] * (page < pages)
    if links:
        address = {name: request.url.include_query_params(page=number) for name, number in links}
        headers["Link"] = ", ".join(f'<{url}>; rel="{name}"' for name, url in address.items())
    return JSONResponse(items, headers=headers)


def _totals(found: list[Shown]) -> list[Row]:
    """How many orders there are of each status that the shop knows."""
    known = sorted({*STATUSES, *(one.status for one in found)} - {"trash"})
    return [{"slug": one, "name": one.title(), "total": sum(each.status == one for each in found)} for one in known]


def _sorted(request: Request, found: list[Shown], order_by: Sequence[str]) -> list[Shown]:
    """Newest first, or by name, unless asked otherwise."""
    by = _one_of(request, "orderby", order_by, "date" if "date" in order_by else "name")
    order = _one_of(request, "order", ("asc", "desc"), "desc" if "date" in order_by else "asc")

    attribute = {"modified": "modified_at", "date": "created_at", "registered_date": "created_at", "name": "name"}

    def rank(one: Shown) -> tuple[Any, int]:
        return (getattr(one, attribute.get(by, "number")), one.number)

    return sorted(found, key=rank, reverse=order == "desc")


def _of_status(request: Request, found: list[Shown]) -> list[Shown]:
    """Orders of these statuses, plugins' own included; of any but the trash unless asked otherwise."""
    wanted = request.query_params.get("status", "any").split(",")
    known = dict.fromkeys((*STATUSES, *(one.status for one in found)))
    for number, status in enumerate(wanted):
        if status not in (*known, "any", "trash"):
            raise _invalid("status", f"status[{number}] is not one of any, trash, {', '.join(known)}.")
    return [one for one in found if one.status in wanted or ("any" in wanted and one.status != "trash")]


def _dated(request: Request, found: list[Shown], zone: ZoneInfo) -> list[Shown]:
    """Those after and before what the query names, both excluded, in whole seconds."""
    for name, attribute in (("modified", "modified_at"), ("", "created_at")):
        after, before = (_time(request, f"{name}_{side}".strip("_"), zone) for side in ("after", "before"))
        if after or before:
            at = {one.number: getattr(one, attribute).replace(microsecond=0) for one in found}
            found = [one for one in found if not after or at[one.number] > after]
            found = [one for one in found if not before or at[one.number] < before]
    return found


def _time(request: Request, name: str, zone: ZoneInfo) -> datetime | None:
    """A time of the query; one with an offset is put into the site's zone first, also where UTC is meant."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid(name, "Invalid date.") from None
    local = moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
    is_utc = request.query_params.get("dates_are_gmt", "false").lower() in ("true", "1")
    return local.replace(tzinfo=UTC if is_utc else zone)


def _number(request: Request, name: str, default: int, most: int | None = None) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise _invalid(name, f"{name} is not of type integer.")
    if int(text) < 1 or (most and int(text) > most):
        bounds = f"between 1 (inclusive) and {most} (inclusive)" if most else "greater than or equal to 1"
        raise _invalid(name, f"{name} must be {bounds}")
    return int(text)


def _one_of(request: Request, name: str, known: Sequence[str], default: str) -> str:
    value = request.query_params.get(name, default)
    if value not in known:
        raise _invalid(name, f"{name} is not one of {', '.join(known)}.")
    return value


def _invalid(name: str, why: str) -> Problem:
    return Problem(400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: why}, details={})


def _chosen(item: Row, request: Request) -> Row:
    """Only the `_fields`, of which `a.b` is a field of an object; and of the metadata only the keys asked for."""
    keys = [key for key in request.query_params.get("include_meta", "").split(",") if key]
    if keys and "meta_data" in item:
        item = item | {"meta_data": [one for one in item["meta_data"] if one["key"] in keys]}
    wanted = [name.strip() for name in request.query_params.get("_fields", "").split(",") if name.strip()]
    if not wanted:
        return item
    chosen: Row = {}
    for name, _, inner in (field.partition(".") for field in wanted):
        if name in item and not inner:
            chosen[name] = item[name]
        elif name in item:
            value = item[name]  # a list has no fields, so nothing of it is left
            part = {inner: value[inner]} if isinstance(value, dict) and inner in value else {}
            chosen[name] = {**chosen.get(name, {}), **part}
    return chosen


def _spoilt(item: Row, fault: Fault | None) -> Row:
    """The same item with a field more or less, with a number that is a word, or with a status of another name."""
    if fault and fault.kind == "new_column":
        return item | NEW_FIELD
    if fault and fault.kind == "changed_type":
        return item | {"customer_id" if "customer_id" in item else "id": "WC-1"}
    if fault and fault.kind == "missing_column":
        whole: Row = _without(item, DROPPED)
        return whole
    if fault and fault.kind == "renamed_enum" and "status" in item:
        return item | {"status": RENAMED.get(item["status"], item["status"])}
    return item


def _without(value: Any, names: Sequence[str]) -> Any:
    """The same without fields of these names, in its lists too."""
    if isinstance(value, list):
        return [_without(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _without(one, names) for name, one in value.items() if name not in names}
