"""Rewardful's REST API (https://developers.rewardful.com/rest-api/overview): affiliates, newest first, and campaigns.

One who left is disabled from then on, and stays in the list; one who was deleted does not.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.events import Affiliate, Person
from sandbox.state import Sandbox

SECRET = "sandbox-secret"  # noqa: S105
ENVIRONMENT = {"SOURCES__REWARDFUL__BASE_URL": "{url}", "SOURCES__REWARDFUL__SECRET": SECRET}
CAMPAIGN_ID = "rw-affiliates"
DEFAULT_ROWS, MOST_ROWS = 25, 100
CALLS, SECONDS = 45, 30  # so many calls in so many seconds

MISSING = "state"  # what the fault `missing_column` takes out
# What the other faults put in.
SPOILS: Mapping[str, dict[str, Any]] = {
    "new_column": {"loyalty_tier": "gold"},
    "changed_type": {"campaign": "none"},
    "renamed_enum": {"state": "enabled"},
}

Row = dict[str, Any]


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /rewardful, with the paths of api.getrewardful.com."""
    routes = APIRouter(prefix="/v1")
    people = {person.person_id: person for person in sandbox.world.people}

    @routes.get("/affiliates")
    def affiliates(request: Request) -> JSONResponse:
        now = sandbox.now()
        shown = [one for one in sandbox.world.affiliates if one.programme == "affiliate" and _is_listed(one, now)]
        shown.sort(key=lambda one: (one.joined_at, one.affiliate_id), reverse=True)
        wanted = request.query_params.get("campaign_id", CAMPAIGN_ID)
        rows = [_affiliate(one, people.get(one.person_id), now) for one in shown if wanted == CAMPAIGN_ID]
        expanded = request.query_params.getlist("expand[]") + request.query_params.getlist("expand")
        if "campaign" not in expanded:
            rows = [{name: value for name, value in row.items() if name != "campaign"} for row in rows]
        return _answer(sandbox, request, "/affiliates", rows)

    @routes.get("/campaigns")
    def campaigns(request: Request) -> JSONResponse:
        return _answer(sandbox, request, "/campaigns", [_campaign(sandbox.world.first_day.isoformat())])

    return routes


def _is_listed(one: Affiliate, now: datetime) -> bool:
    return one.joined_at <= now and (one.removed_at is None or one.removed_at > now)


def _answer(sandbox: Sandbox, request: Request, endpoint: str, rows: list[Row]) -> JSONResponse:
    """One page of the rows, or the refusal."""
    fault = sandbox.faults.take(request.url.path)
    kind = fault.kind if fault else ""
    if not _is_ours(request) or kind == "token_expired":
        return JSONResponse({"error": "Invalid API Secret."}, 401)
    if kind == "429":
        limits = {"RateLimit-Limit": str(CALLS), "RateLimit-Remaining": "0", "RateLimit-Reset": str(SECONDS)}
        return JSONResponse({"error": "Too many requests."}, 429, limits)
    page, limit = _number(request, "page", 1), min(_number(request, "limit", DEFAULT_ROWS), MOST_ROWS)
    if kind == "repeat_page":
        page = max(1, page - 1)
    found = [_spoilt(row, kind) for row in rows[(page - 1) * limit : page * limit]]
    sandbox.requests.note(endpoint, page, len(found))
    pages = max(1, -(-len(rows) // limit))
    pagination = {
        "previous_page": page - 1 if page > 1 else None,
        "current_page": page,
        "next_page": page + 1 if page < pages else None,
        "count": len(found),
        "limit": limit,
        "total_pages": pages,
        "total_count": len(rows),
    }
    return JSONResponse({"pagination": pagination, "data": found})


def _is_ours(request: Request) -> bool:
    """The secret is the user name, and there is no password."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    try:
        return scheme.lower() == "basic" and base64.b64decode(credential).decode() == f"{SECRET}:"
    except (binascii.Error, UnicodeDecodeError):
        return False


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return max(1, int(text)) if text.isdigit() else default


def _affiliate(one: Affiliate, person: Person | None, now: datetime) -> Row:
    has_left = one.left_at is not None and one.left_at <= now
    token = one.affiliate_id.lower()
    return {
        "id": one.affiliate_id,
        "created_at": _written(one.joined_at),
        "updated_at": _written(one.left_at if has_left and one.left_at else one.joined_at + timedelta(minutes=7)),
        "first_name": person.first_name if person else "Some",
        "last_name": person.last_name if person else "Body",
        "email": one.email,
        "paypal_email": one.email,
        "wise_email": None,
        "state": "disabled" if has_left else "active",
        "visitors": 100,
        "leads": 42,
        "conversions": 18,
        "campaign": _campaign(_written(one.joined_at)),
        "links": [{"id": f"link-{token}", "url": f"https://boutique.example/?via={token}", "token": token}],
        "coupon": None,
    }


def _campaign(since: str) -> Row:
    return {"id": CAMPAIGN_ID, "created_at": since, "updated_at": since, "name": "Affiliés de la boutique"}


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _spoilt(row: Row, fault: str) -> Row:
    if fault == "missing_column":
        return {name: value for name, value in row.items() if name != MISSING}
    return row | SPOILS.get(fault, {})
