"""Zendesk Support: the incremental export of tickets, legacy satisfaction ratings and CSAT survey responses.

https://developer.zendesk.com/api-reference/. The account goes over from the first kind of ratings to the second in the
middle of its world: the legacy list keeps what it had, and there are no surveys before.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.faults import Fault
from sandbox.routes import routed
from sandbox.state import Sandbox
from sandbox.vendors.zendesk.desk import Desk, Item

EMAIL, API_TOKEN = "agent@boutique.example", "sandbox-token"
ENVIRONMENT = {"SOURCES__ZENDESK__BASE_URL": "{url}", "SOURCES__ZENDESK__API_TOKEN": API_TOKEN}
MINUTE = timedelta(minutes=1)
MOST_TICKETS, MOST_RATINGS = 1000, 100
EXTRA_ROWS = 2  # a page of the export may hold more than was asked for
LIMITS = {"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699", "ratelimit-limit": "700", "ratelimit-reset": "41"}
RETRY_AFTER = {"Retry-After": "12"}
NEW_FIELD = {"encoded_id": "V7Q2ZL-XXXX"}  # what the fault `new_column` adds
NEW_TYPES = {"id": "n-1", "rating": "top"}  # what `changed_type` puts in: numbers that are words
MISSING = ("status", "score", "answers")  # what `missing_column` takes out
NEW_NAMES = {"status": "removed", "score": "happy", "rating_category": "happy"}  # what `renamed_enum` puts in
FORBIDDEN = {"title": "Forbidden", "message": "You do not have access to this page."}

Shown = Callable[[Request, datetime], Item]
SPOILS: dict[str, Callable[[Item], Item]] = {  # fault → what becomes of each row of a list
    "new_column": lambda row: row | NEW_FIELD,
    "changed_type": lambda row: _with(row, NEW_TYPES),
    "missing_column": lambda row: {name: value for name, value in row.items() if name not in MISSING},
    "renamed_enum": lambda row: _with(row, NEW_NAMES),
}


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, error: Any, description: str = "") -> None:
        super().__init__(description)
        self.status = status
        self.body: Item = {"error": error} | ({"description": description} if description else {})


class Api:
    """What each path shows at an instant."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.desk = Desk(sandbox.world)

    def me(self, request: Request, now: datetime) -> Item:
        """Whose token this is."""
        user = {"id": 235323, "name": "Camille Agent", "email": EMAIL, "role": "admin", "verified": True}
        return {"user": user | {"time_zone": "Paris", "iana_time_zone": "Europe/Paris"}}

    def export(self, request: Request, now: datetime) -> Item:
        """Tickets by their last change, without the last minute's; a page begins with the last ticket before it."""
        cursor = request.query_params.get("cursor")
        second, ticket_id, number = _position(cursor) if cursor else (_start(request, now), 0, 1)
        last_second = int((now - MINUTE).timestamp())
        found = [
            (changed_at, one)
            for changed_at, one in self.desk.changed(now)
            if (second, ticket_id) <= (changed_at, one.ticket_id) and changed_at <= last_second
        ]
        page = found[: _number(request, "per_page", MOST_TICKETS) + EXTRA_ROWS]
        self.sandbox.requests.note("/api/v2/incremental/tickets/cursor.json", number, len(page))
        after = _cursor(*((page[-1][0], page[-1][1].ticket_id) if page else (second, ticket_id)), number + 1)
        return {
            "tickets": [self.desk.ticket_item(one, changed_at, now) for changed_at, one in page],
            "after_url": f"{request.url.replace(query='')}?cursor={after}",
            "after_cursor": after,
            "before_url": None,
            "before_cursor": None,
            "end_of_stream": len(page) == len(found),
        }

    def ratings(self, request: Request, now: datetime) -> Item:
        """Legacy ratings by the time of their offer."""
        since = _number(request, "start_time", 0)
        found = [one for one in self.desk.rated(now, by_survey=False) if one.offered_at.timestamp() >= since]
        return self._page(request, "satisfaction_ratings", [self.desk.rating_item(one) for one in found])

    def responses(self, request: Request, now: datetime) -> Item:
        """Survey responses by the time of their offer."""
        if now < self.desk.switched_at:
            raise Refusal(404, "RecordNotFound", "Not found")
        since = _number(request, "filter[created_at_start]", 0)
        found = [one for one in self.desk.rated(now, by_survey=True) if one.offered_at.timestamp() >= since]
        return self._page(request, "survey_responses", [self.desk.response_item(one) for one in found])

    def _page(self, request: Request, name: str, items: list[Item]) -> Item:
        """One page of a list that goes on at `page[after]`."""
        size, after = _number(request, "page[size]", MOST_RATINGS), request.query_params.get("page[after]")
        if not 1 <= size <= MOST_RATINGS:
            raise Refusal(400, "InvalidPaginationParameter", f"page[size] must be between 1 and {MOST_RATINGS}")
        _, first, number = _position(after) if after else (0, 0, 1)
        page = items[first : first + size]
        self.sandbox.requests.note(f"/{name}", number, len(page))
        cursor = _cursor(0, first + size, number + 1) if page else None
        following = f"{request.url.replace(query='')}?page[after]={cursor}" if first + size < len(items) else None
        return {
            name: page,
            "meta": {"has_more": following is not None, "after_cursor": cursor, "before_cursor": None},
            "links": {"next": following, "prev": None},
        }


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /zendesk, with the paths of <subdomain>.zendesk.com."""
    api = Api(sandbox)
    paths: dict[str, Shown] = {
        "/users/me.json": api.me,
        "/incremental/tickets/cursor.json": api.export,
        "/satisfaction_ratings.json": api.ratings,
        "/guide/survey_responses": api.responses,
    }
    return routed("/api/v2", paths, partial(_answer, sandbox))


def _answer(sandbox: Sandbox, request: Request, shown: Shown) -> Response:
    """What the API shows now, or its refusal."""
    fault = sandbox.faults.take(request.url.path)
    try:
        _refuse(request, fault)
        return JSONResponse(_spoilt(shown(request, sandbox.now()), fault), headers=LIMITS)
    except Refusal as refusal:
        headers = LIMITS | (RETRY_AFTER if refusal.status == 429 else {})
        return JSONResponse(refusal.body, refusal.status, headers)


def _refuse(request: Request, fault: Fault | None) -> None:
    kind = fault.kind if fault else ""
    if kind == "429":
        raise Refusal(429, "APIRateLimitExceeded", "Number of allowed API requests per minute exceeded")
    if kind == "token_expired" or _credential(request) != f"{EMAIL}/token:{API_TOKEN}":
        raise Refusal(401, "Couldn't authenticate you")
    if kind == "quota_gone":  # the plan, or the agent's role, does not reach so far
        raise Refusal(403, FORBIDDEN)


def _credential(request: Request) -> str:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(credential).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _start(request: Request, now: datetime) -> int:
    """Where an export begins: it must be told, and not too recent."""
    if "start_time" not in request.query_params:
        raise Refusal(400, "InvalidValue", "Missing param: start_time")
    start = _number(request, "start_time", 0)
    if datetime.fromtimestamp(start, UTC) > now - MINUTE:
        raise Refusal(422, "StartTimeTooRecent", "Too recent start_time. Use a start_time older than 60 seconds")
    return start


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise Refusal(400, "InvalidValue", f"Invalid {name}")
    return int(text)


def _cursor(second: int, row: int, number: int) -> str:
    return base64.urlsafe_b64encode(f"{second}.0||{row}|{number}".encode()).decode()


def _position(cursor: str) -> tuple[int, int, int]:
    """What a cursor stands for: a second, a ticket or a row, and the number of the page."""
    try:
        second, row, number = base64.urlsafe_b64decode(cursor).decode().replace(".0||", "|").split("|")
        return int(second), int(row), int(number)
    except ValueError:
        raise Refusal(400, "InvalidValue", "Invalid cursor") from None


def _with(row: Item, others: Item) -> Item:
    """A row with other values in place of its own, in its answers too."""
    found = {name: others.get(name, value) for name, value in row.items()}
    return found | ({"answers": [_with(one, others) for one in row["answers"]]} if "answers" in row else {})


def _spoilt(body: Item, fault: Fault | None) -> Item:
    """The same answer with every row of its list as the fault wants it."""
    spoil = SPOILS.get(fault.kind if fault else "")
    if spoil is None:
        return body
    return {name: [spoil(one) for one in value] if isinstance(value, list) else value for name, value in body.items()}
