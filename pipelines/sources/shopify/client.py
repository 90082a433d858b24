"""Shopify's calls: one address for every query, a budget of query cost, bulk operations.

https://shopify.dev/docs/api/admin-graphql/2026-10 and https://shopify.dev/docs/api/usage/bulk-operations/queries

Not dlt's REST client: errors, limits and cursors are inside answers that are all good ones to HTTP.
"""

import json
from collections.abc import Iterator
from typing import Any

import requests

from pipelines import deadline
from pipelines.connector import AccessRefused, ConnectorError
from pipelines.http import ERROR_CHARACTERS, session
from pipelines.listing import ABSENT, Listing, found
from pipelines.retry import VendorBusy, patience
from pipelines.rows import SchemaDrift
from pipelines.sources.shopify.queries import AGREEMENTS, BULK_STATE, RUN_BULK, rest_of

API_VERSION = "2026-10"
MOST_ROWS = 250  # the vendor gives no more in one answer
SCOPES = ("read_orders", "read_all_orders", "read_customers", "read_products")
ADVICE = (
    f"Create a custom app in the shop's admin (Settings > Apps > Develop apps) with the scopes {', '.join(SCOPES)}, "
    "install it and set SOURCES__SHOPIFY__ACCESS_TOKEN to its Admin API access token."
)
PASSING = frozenset({"THROTTLED", "INTERNAL_SERVER_ERROR", "TIMEOUT"})
BULK_FULL = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})  # as many run for this shop as may
UNDER_WAY = frozenset({"CREATED", "RUNNING", "CANCELING"})
FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS, MOST_POLLS = 1.0, 30.0, 400  # for more than three hours

Row = dict[str, Any]


class TooCostly(ConnectorError):
    """A query that costs more than one may; `share` of its rows would fit."""

    def __init__(self, message: str, share: float) -> None:
        super().__init__(message)
        self.share = share


class BulkFailed(ConnectorError):
    """A bulk operation ended without a result."""


class Shopify:
    """The Admin API of one shop."""

    def __init__(self, shop: str, access_token: str, base_url: str) -> None:
        if not access_token:
            raise AccessRefused(f"shopify: there is no access token. {ADVICE}")
        self.url = f"{base_url or f'https://{shop}.myshopify.com'}/admin/api/{API_VERSION}/graphql.json"
        self.served_version = API_VERSION
        self.budget = ""  # what the vendor last told of it
        self._token = access_token
        self._session = session("shopify", ADVICE)

    def ask(self, query: str, /, **variables: Any) -> Row:
        """The data that answers a query."""
        response = self._session.post(
            self.url,
            json={"query": query, "variables": variables},
            # Not the session's header: the files of bulk operations lie elsewhere.
            headers={"X-Shopify-Access-Token": self._token},
            hooks={"response": [_judge]},
        )
        self.served_version = response.headers.get("X-Shopify-API-Version", API_VERSION)
        body: Row = response.json()
        if not isinstance(found(body, "data"), dict):
            raise Listing("shopify: an answer").refused("holds no data")
        bucket = ((body.get("extensions") or {}).get("cost") or {}).get("throttleStatus") or {}
        if {"currentlyAvailable", "maximumAvailable"} <= bucket.keys():
            self.budget = f"{bucket['currentlyAvailable']:.0f} of {bucket['maximumAvailable']:.0f} points left"
        data: Row = body["data"]
        return data

    def pages(self, query: str, holder: str, **variables: Any) -> Iterator[list[Row]]:
        """The pages of a connection; smaller ones where so many rows, or lines of each, cost too much."""
        variables["after"] = None
        listing = Listing(f"shopify: {holder}")
        while True:
            page = self._affordable(query, ("rows", "lines"), variables).get(holder, ABSENT)
            yield _rows_of(listing, page)
            variables["after"] = _onward(listing, page)
            if not variables["after"]:
                return

    def whole(self, owner: Row, holder: str, rows: int) -> list[Row]:
        """A connection inside an order or a refund whose first page came with it; in one order, however it came."""
        page: Any = owner.get(holder, ABSENT)
        listing = Listing(f"shopify: {holder} of {owner['id']}")
        whole, variables = _rows_of(listing, page), {"id": owner["id"], "rows": rows}
        while cursor := _onward(listing, page):
            variables["after"] = cursor
            page = found(self._affordable(rest_of(holder), ("rows",), variables), f"node.{holder}")
            whole += _rows_of(listing, page)
        return by_id(whole)

    def agreements(self, order_id: str, rows: int) -> list[Row] | None:
        """When and how an order came to what it is: each agreement with all its sales; None where none is told."""
        told: list[Row] = []
        variables: Row = {"id": order_id, "rows": rows, "agreement": None, "after": None}
        while True:
            page = ((self._affordable(AGREEMENTS, ("rows",), variables)["node"]) or {}).get("agreements")
            if not page or not page["nodes"]:
                return told or None
            [agreement] = page["nodes"]
            sales = agreement["sales"]
            if variables["after"]:
                told[-1]["sales"] += sales["nodes"]
            else:
                told.append(agreement | {"sales": sales["nodes"]})
            if sales["pageInfo"]["hasNextPage"]:
                variables["after"] = sales["pageInfo"]["endCursor"]
            elif page["pageInfo"]["hasNextPage"]:
                variables |= {"agreement": page["pageInfo"]["endCursor"], "after": None}
            else:
                return told

    def nodes(self, query: str, ids: list[str], lines: int) -> list[Row]:
        """Things by their ids, in as many calls as their cost needs."""
        variables = {"ids": ids, "lines": lines}
        try:
            answer = self._affordable(query, ("lines",) if len(ids) == 1 else (), variables)
        except TooCostly:
            if len(ids) == 1:
                raise
            half = len(ids) // 2
            return self.nodes(query, ids[:half], lines) + self.nodes(query, ids[half:], lines)
        listing = Listing("shopify: nodes")
        rows = [dict(row) for row in listing.page(answer.get("nodes", ABSENT))]
        if {row["id"] for row in rows} != set(ids):
            raise listing.refused("are not those that were asked for")
        return rows

    def _affordable(self, query: str, counts: tuple[str, ...], variables: Row) -> Row:
        """An answer with as many rows as one query may cost: the first of these counts that can is lowered."""
        while True:
            try:
                return self.ask(query, **variables)
            except TooCostly as error:
                count = next((name for name in counts if variables.get(name, 1) > 1), None)
                if count is None:
                    raise
                variables[count] = max(1, min(variables[count] - 1, int(variables[count] * error.share)))

    def bulk(self, query: str) -> list[bytes]:
        """The JSON lines that a bulk operation results in: every row, and every row below one with its parent's id."""
        started = self.ask(RUN_BULK, query=query)["bulkOperationRunQuery"]
        if started["userErrors"]:
            raise BulkFailed(f"shopify: a bulk operation was refused: {_said(started['userErrors'])}")
        operation, wait = started["bulkOperation"], FIRST_POLL_SECONDS
        for _ in range(MOST_POLLS):
            if operation["status"] not in UNDER_WAY:
                break
            deadline.sleep(wait * patience())
            wait = min(2 * wait, LONGEST_POLL_SECONDS)
            operation = self.ask(BULK_STATE, id=operation["id"])["bulkOperation"]
        if operation["status"] != "COMPLETED":
            reason = operation.get("errorCode") or "no reason given"
            raise BulkFailed(f"shopify: a bulk operation ended as {operation['status']} ({reason})")
        return self._lines(operation["url"], int(operation["objectCount"])) if operation["url"] else []

    def _lines(self, url: str, count: int) -> list[bytes]:
        """A result's lines; one that was cut off on the way is asked again."""

        def check_is_whole(response: requests.Response, *_: Any, **__: Any) -> None:
            if response.ok and len(_lines_of(response)) < count:
                raise VendorBusy("shopify: the result of a bulk operation was cut off")

        try:  # as a stream, or it would be read as one JSON document
            return _lines_of(self._session.get(url, stream=True, hooks={"response": [check_is_whole]}))
        except VendorBusy as error:
            raise BulkFailed(str(error)) from None


def _rows_of(listing: Listing, page: Any) -> list[Row]:
    """The rows of one page of a connection."""
    return [dict(row) for row in listing.page(found(page, "nodes"))]


def _onward(listing: Listing, page: Any) -> str | None:
    """The cursor of a connection's next page; None where nothing follows."""
    if not listing.says(found(page, "pageInfo.hasNextPage")):
        return None
    cursor = found(page, "pageInfo.endCursor")
    if not isinstance(cursor, str):
        raise listing.refused("goes on, but does not say where")
    listing.onward(cursor)
    return cursor


def _lines_of(response: requests.Response) -> list[bytes]:
    return [line for line in response.content.split(b"\n") if line.strip()]


def gathered(lines: list[bytes], holder: str) -> Iterator[Row]:
    """The rows of a bulk operation's result, each with those below it in `holder`; lines come in any order."""
    groups: dict[str, list[bytes]] = {}
    parents: set[str] = set()
    for line in lines:
        row = _row_of(line)
        if row.get("__parentId") is None:
            parents.add(row["id"])
        groups.setdefault(row.get("__parentId") or row["id"], []).append(line)
    if groups.keys() - parents:
        raise BulkFailed("shopify: the result of a bulk operation holds lines of a row that is not in it")
    return _joined(groups, holder)


def _row_of(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise BulkFailed("shopify: the result of a bulk operation holds a line that is no row")
    return row


def _joined(groups: dict[str, list[bytes]], holder: str) -> Iterator[Row]:
    for group in groups.values():
        rows = {row["id"]: row for row in map(_row_of, group)}
        [parent] = [row for row in rows.values() if row.get("__parentId") is None]
        children = [row for row in rows.values() if row.pop("__parentId", None)]
        yield parent | {holder: by_id(children)}


def by_id(rows: list[Row]) -> list[Row]:
    """Rows in the order of their ids, which both ways of reading have in common."""
    return sorted(rows, key=lambda row: str(row["id"]))


def _judge(response: requests.Response, *_: Any, **__: Any) -> None:
    """Raise the error that a good HTTP answer holds; the session asks again where it is a passing one."""
    try:
        body = response.json() if response.ok else None
    except ValueError:
        return  # cut off, which the session notices
    if not isinstance(body, dict):
        return
    errors = body.get("errors")
    if isinstance(errors, list) and errors:
        raise _named(errors, body)
    started = (body.get("data") or {}).get("bulkOperationRunQuery") or {}
    if any(error.get("code") in BULK_FULL for error in started.get("userErrors") or ()):
        raise VendorBusy("shopify: other bulk operations of this app are still running")


def _named(errors: list[Row], body: Row) -> ConnectorError:
    extensions = errors[0].get("extensions") or {}
    code, said = extensions.get("code"), _said(errors)
    if code in PASSING or said == "Throttled":
        return VendorBusy(f"shopify is busy ({said})", _restored_after(body))
    if code == "MAX_COST_EXCEEDED":
        return TooCostly(f"shopify: {said}", float(extensions.get("maxCost", 1)) / float(extensions.get("cost", 2)))
    if code == "undefinedField":
        field = f"{extensions.get('typeName')}.{extensions.get('fieldName')}"
        return SchemaDrift(
            f"shopify: the vendor no longer has {field}, which its figures need ({said}); nothing of this source was "
            "loaded. Upgrade Parcours, or report it."
        )
    if code == "ACCESS_DENIED":
        needed = extensions.get("requiredAccess") or ""
        return AccessRefused(f"shopify: {said} {'' if needed in said else f'Required access: {needed}'} {ADVICE}")
    return ConnectorError(f"shopify: {said} ({code or 'no code'})")


def _restored_after(body: Row) -> float | None:
    """How many seconds it takes until the budget holds what the query costs."""
    cost = (body.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    if not status.get("restoreRate") or cost.get("requestedQueryCost") is None:
        return None
    missing = float(cost["requestedQueryCost"]) - float(status.get("currentlyAvailable") or 0)
    return max(0.0, missing / float(status["restoreRate"]))


def _said(errors: list[Row]) -> str:
    return " ".join(" ".join(str(error.get("message")) for error in errors).split())[:ERROR_CHARACTERS]
