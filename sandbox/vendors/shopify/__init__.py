"""Shopify's Admin GraphQL API 2026-10: orders, customers, bulk operations, a budget of query cost.

https://shopify.dev/docs/api/admin-graphql/2026-10
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.events import Customer, Order
from sandbox.faults import Fault
from sandbox.state import Sandbox
from sandbox.vendors.shopify.graphql import (
    Answer,
    Connection,
    GraphqlError,
    Item,
    connections,
    lines,
    no_such_field,
    parse,
)
from sandbox.vendors.shopify.orders import Shopfront, is_there_at
from sandbox.vendors.shopify.values import SHOP_CURRENCY, gid, number

SHOP_ID = "international"  # the shop of the world that sells through Shopify
DOMAIN = "parcours-international.myshopify.com"
SCOPES = ("read_orders", "read_all_orders", "read_customers", "read_products")
KEY = "sandbox-shopify"
TOKENS = {
    KEY: SCOPES,
    "sandbox-shopify-60-days": ("read_orders", "read_customers", "write_products"),
    "sandbox-shopify-orders": ("read_orders", "read_all_orders"),
}
ENVIRONMENT = {"SOURCES__SHOPIFY__BASE_URL": "{url}", "SOURCES__SHOPIFY__ACCESS_TOKEN": KEY}
NEEDED = {"orders": "read_orders", "customers": "read_customers", "customer": "read_customers"} | dict.fromkeys(
    ("product", "variant"), "read_products"
)
OLDEST_VERSION, NEWEST_VERSION = "2026-01", "2026-10"
MOST_COST, BUDGET, RESTORED_PER_SECOND = 1000, 2000.0, 100.0
SHOWN = timedelta(days=60)  # how old an order may be to be shown without read_all_orders
CHANGED = re.compile(r"updated_at:>='?([^'\s]+)'?")
LISTS = {"refunds", "transactions", "additionalFees", "discountAllocations", "taxLines"}
STATES = ("CREATED", "RUNNING", "RUNNING")  # what the first polls see
BULK_FAULTS = "bulk operation"  # faults of this path let an operation fail
DROPPED = {"displayFinancialStatus": "Order", "emailAddress": "CustomerEmailAddress"}  # by the fault `missing_column`
RENAMED = {"displayFinancialStatus": {"PAID": "SETTLED"}}  # what `renamed_enum` makes of a field's values
COSTS = "https://shopify.dev/api/usage/limits"


@dataclass
class Operation:
    """A bulk operation and how often it was looked at."""

    id: str
    result: list[Item]
    error: str | None = None
    looks: int = field(default=0)


class Api:
    """One shop as a token's scopes show it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.shop = Shopfront(sandbox.world, SHOP_ID)
        self.operations: dict[str, Operation] = {}

    def root(self, scopes: tuple[str, ...], run_bulk: Callable[[Item], Item], url: str) -> Item:
        """The fields that a query or a mutation begins with."""
        now = self.sandbox.now()
        return {
            "__typename": "QueryRoot",
            "shop": {
                "__typename": "Shop",
                "name": self.shop.name,
                "email": "owner@boutique.example",
                "myshopifyDomain": DOMAIN,
                "currencyCode": SHOP_CURRENCY,
                "ianaTimezone": self.sandbox.world.time_zone,
            },
            "currentAppInstallation": {
                "__typename": "AppInstallation",
                "accessScopes": [{"__typename": "AccessScope", "handle": scope} for scope in scopes],
            },
            "orders": lambda arguments: self._orders(arguments, scopes, now),
            "customers": lambda arguments: self._customers(arguments, now),
            "node": lambda arguments: self._node(arguments["id"], now),
            "nodes": lambda arguments: [self._node(one, now) for one in arguments["ids"]],
            "bulkOperation": lambda arguments: self._looked_at(arguments["id"], url),
            "bulkOperationRunQuery": run_bulk,
        }

    def start(self, arguments: Item, answer: Answer, root: Item, fault: Fault | None) -> Item:
        """Begin a bulk operation; what it will result in is what shows now."""
        payload: Item = {"__typename": "BulkOperationRunQueryPayload", "bulkOperation": None, "userErrors": []}
        try:
            result = self._in_bulk(arguments["query"], answer, root)
            if fault and fault.kind == "quota_gone":
                raise GraphqlError(
                    "A bulk query operation for this app and shop is already in progress.", "IN_PROGRESS"
                )
        except GraphqlError as error:
            code = "OPERATION_IN_PROGRESS" if "in progress" in str(error) else "INVALID"
            refusal = {"__typename": "BulkOperationUserError", "field": ["query"], "message": str(error), "code": code}
            return payload | {"userErrors": [refusal]}
        operation = Operation(gid("BulkOperation", str(len(self.operations))), result)
        if self.sandbox.faults.take(BULK_FAULTS):
            operation.error = "INTERNAL_SERVER_ERROR"
        self.operations[operation.id] = operation
        return payload | {"bulkOperation": _state(operation, "CREATED", None)}

    def _in_bulk(self, query: str, answer: Answer, root: Item) -> list[Item]:
        _, selections = parse(query)
        found = list(connections(selections, LISTS))
        if not found:
            raise GraphqlError("Bulk queries must contain at least one connection.")
        if len(found) > 5:
            raise GraphqlError("Bulk queries cannot contain more than 5 connections.")
        if any(in_list for _, in_list in found):
            raise GraphqlError(
                "Queries that contain a connection field within a list field are not currently supported."
            )
        [top] = selections
        answer.allow(top.name)
        # Nothing is grouped: rows with a parent may come long after it, or before.
        return sorted(
            lines(root[top.name](answer.arguments(top)), top.below, answer), key=lambda row: number("line", row["id"])
        )

    def _looked_at(self, operation_id: str, url: str) -> Item | None:
        operation = self.operations.get(operation_id)
        if operation is None:
            return None
        operation.looks += 1
        if operation.looks < len(STATES):
            return _state(operation, STATES[operation.looks], None)
        if operation.error:
            return _state(operation, "FAILED", None)
        return _state(operation, "COMPLETED", f"{url}/{operation_id.rpartition('/')[2]}.jsonl?signature=s1gned")

    def _orders(self, arguments: Item, scopes: tuple[str, ...], now: datetime) -> Connection:
        since = now - SHOWN if "read_all_orders" not in scopes else None
        shown = [
            order
            for order in self.shop.orders
            if is_there_at(order.imported_at or order.placed_at, order.deleted_at, now)
        ]
        shown = [order for order in shown if since is None or order.placed_at >= since]
        found = _changed(arguments, [(self.shop.order_changed_at(one, now), one.order_id, one) for one in shown])

        def build(order: Order) -> Item:
            return self.shop.order(order, now)

        return Connection("Order", found, build)

    def _customers(self, arguments: Item, now: datetime) -> Connection:
        shown = [one for one in self.shop.customers if is_there_at(one.created_at, one.deleted_at, now)]
        found = _changed(arguments, [(self.shop.customer_changed_at(one, now), one.customer_id, one) for one in shown])

        def build(customer: Customer) -> Item:
            return self.shop.customer(customer, now)

        return Connection("Customer", found, build)

    def _node(self, wanted: str, now: datetime) -> Item | None:
        if "/Refund/" in wanted:
            return self.shop.refund(wanted, now)
        found = (one for one in self.shop.orders if gid("Order", one.order_id) == wanted)
        there = (one for one in found if is_there_at(one.imported_at or one.placed_at, one.deleted_at, now))
        return next((self.shop.order(one, now) for one in there), None)


def _changed(arguments: Item, found: list[tuple[datetime, str, Any]]) -> list[Any]:
    """The things that a filter and an order of sorting give."""
    wanted = CHANGED.search(arguments.get("query") or "")
    if wanted:
        moment = datetime.fromisoformat(wanted[1])
        since = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        found = [one for one in found if one[0] >= since]
    key = (lambda one: one[:2]) if arguments.get("sortKey") == "UPDATED_AT" else (lambda one: one[1])
    return [one[2] for one in sorted(found, key=key, reverse=bool(arguments.get("reverse")))]


def _state(operation: Operation, status: str, url: str | None) -> Item:
    return {
        "__typename": "BulkOperation",
        "id": operation.id,
        "status": status,
        "errorCode": operation.error if status == "FAILED" else None,
        "objectCount": str(len(operation.result) if status in ("COMPLETED", "FAILED") else 0),
        "url": url if operation.result else None,
    }


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /shopify, with the paths of <shop>.myshopify.com and, for results, a place of their own."""
    api = Api(sandbox)
    routes = APIRouter()

    @routes.post("/admin/api/{version}/graphql.json")
    def graphql(request: Request, version: str, body: Item) -> Response:
        fault = sandbox.faults.take(request.url.path)
        token = request.headers.get("X-Shopify-Access-Token", "")
        if token not in TOKENS or (fault and fault.kind == "token_expired"):
            refusal = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return JSONResponse({"errors": refusal}, 401)
        if fault and fault.kind == "quota_gone" and "bulkOperationRunQuery" not in body["query"]:
            return JSONResponse(
                {"errors": "Exceeded the rate limit. Reduce request rates."}, 429, {"Retry-After": "2.0"}
            )
        answer = _answered(api, request, body, TOKENS[token], fault)
        served = OLDEST_VERSION if version < OLDEST_VERSION else min(version, NEWEST_VERSION)
        return JSONResponse(answer, headers={"X-Shopify-API-Version": served})

    @routes.get("/bulk/{name}.jsonl")
    def result(request: Request, name: str) -> Response:
        sandbox.faults.take(request.url.path)
        operation = api.operations.get(f"gid://shopify/BulkOperation/{name}")
        if operation is None or request.query_params.get("signature") != "s1gned":
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in operation.result)
        return Response(text, media_type="application/jsonl")

    return routes


def _answered(api: Api, request: Request, body: Item, scopes: tuple[str, ...], fault: Fault | None) -> Item:
    """A query's data with its cost; or errors, which are good answers to HTTP."""
    answer = Answer(
        body.get("variables") or {},
        lambda name: _allow(name, scopes, fault),
        api.sandbox.requests.note,
        step_back=1 if fault and fault.kind == "repeat_page" else 0,
    )
    try:
        _, selections = parse(body["query"])
        cost = answer.cost(selections)
        if cost > MOST_COST:
            message = f"Query cost is {cost}, which exceeds the single query max cost limit ({MOST_COST})."
            raise GraphqlError(message, "MAX_COST_EXCEEDED", cost=cost, maxCost=MOST_COST, documentation=COSTS)
        if fault and fault.kind == "429":
            throttled = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": COSTS}}
            return {"errors": [throttled], "extensions": {"cost": _cost(cost, None, available=cost - 50)}}
        root: Item = {}

        def run_bulk(arguments: Item) -> Item:
            return api.start(arguments, answer, root, fault)

        root |= api.root(scopes, run_bulk, f"{str(request.base_url).rstrip('/')}/shopify/bulk")
        data = answer.of(root, selections)
    except GraphqlError as error:
        return {"data": None, "errors": [error.item]}
    return {"data": _spoilt(data, fault), "extensions": {"cost": _cost(cost, max(1, cost // 2), BUDGET - cost)}}


def _allow(name: str, scopes: tuple[str, ...], fault: Fault | None) -> None:
    if fault and fault.kind == "missing_column" and name in DROPPED:
        raise no_such_field(name, DROPPED[name])
    needed = NEEDED.get(name)
    if needed and needed not in scopes and needed.replace("read_", "write_") not in scopes:
        access = f"`{needed}` access scope."
        raise GraphqlError(
            f"Access denied for {name} field. Required access: {access}", "ACCESS_DENIED", requiredAccess=access
        )


def _cost(requested: int, actual: int | None, available: float) -> Item:
    bucket = {"maximumAvailable": BUDGET, "currentlyAvailable": available, "restoreRate": RESTORED_PER_SECOND}
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket}


def _spoilt(value: Any, fault: Fault | None) -> Any:
    """The same answer with a field more in each object, a truth that is a word, or a status of another name."""
    if fault is None or fault.kind not in ("new_column", "changed_type", "renamed_enum"):
        return value
    if isinstance(value, list):
        return [_spoilt(one, fault) for one in value]
    if not isinstance(value, dict):
        return value
    spoilt = {name: _spoilt(one, fault) for name, one in value.items()}
    if fault.kind == "changed_type" and "taxesIncluded" in spoilt:
        spoilt["taxesIncluded"] = "partly"
    if fault.kind == "renamed_enum":
        spoilt |= {name: RENAMED[name].get(one, one) for name, one in spoilt.items() if name in RENAMED}
    return spoilt | ({"loyaltyTier": "gold"} if fault.kind == "new_column" else {})
