"""Tapfiliate's REST API 1.6 (https://tapfiliate.com/docs/rest/): programmes and who is in them, whatever their state.

Lists are bare arrays of 25, and only the Link header says whether there are more. Without any key the vendor answers
a page of HTML, with a wrong one JSON. One who left is disapproved from then on, and stays in the list; one who was
deleted does not. Nothing here is told by a name out of a list: there is no fault `renamed_enum`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from sandbox.events import Affiliate, Person
from sandbox.state import Sandbox

API_KEY = "sandbox-key"
ENVIRONMENT = {"SOURCES__TAPFILIATE__BASE_URL": "{url}", "SOURCES__TAPFILIATE__API_KEY": API_KEY}
PROGRAMMES = {"partenaires": "Partenaires", "anciens": "Anciens partenaires"}
FULL = ("partenaires",)  # nobody is in the other one
ROWS = 25
CALLS = 1000
MISSING = "approved"  # what the fault `missing_column` takes out
# What the other faults put in.
SPOILS: Mapping[str, dict[str, Any]] = {"new_column": {"loyalty_tier": "gold"}, "changed_type": {"approved": "yes"}}

Row = dict[str, Any]


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /tapfiliate, with the paths of api.tapfiliate.com; all end with a slash."""
    routes = APIRouter(prefix="/1.6")
    people = {person.person_id: person for person in sandbox.world.people}

    @routes.get("/programs/")
    def programmes(request: Request) -> Response:
        rows = [{"id": key, "title": title, "currency": "EUR", "cookie_time": 45} for key, title in PROGRAMMES.items()]
        return _answer(sandbox, request, "/programs/", rows)

    @routes.get("/programs/{programme}/affiliates/")
    def affiliates(request: Request, programme: str) -> Response:
        if programme not in PROGRAMMES:
            return JSONResponse({"message": "Not found", "code": 404}, 404)
        now = sandbox.now()
        shown = [one for one in sandbox.world.affiliates if one.programme == "partner" and _is_listed(one, now)]
        shown.sort(key=lambda one: (one.joined_at, one.affiliate_id))
        rows = [affiliate_row(one, people.get(one.person_id), now, programme) for one in shown if programme in FULL]
        return _answer(sandbox, request, "/programs/{program}/affiliates/", rows)

    return routes


def _is_listed(one: Affiliate, now: datetime) -> bool:
    return one.joined_at <= now and (one.removed_at is None or one.removed_at > now)


def _answer(sandbox: Sandbox, request: Request, endpoint: str, rows: list[Row]) -> Response:
    """One page of the rows, or the refusal."""
    fault = sandbox.faults.take(request.url.path)
    kind = fault.kind if fault else ""
    given = request.headers.get("X-Api-Key")
    if not given:
        return HTMLResponse("<html><body><h1>Unauthorized</h1></body></html>", 401)
    if given != API_KEY or kind == "token_expired":
        return JSONResponse({"message": "Authentication Failed.", "code": 401}, 401)
    limits = {"X-Ratelimit-Limit": str(CALLS), "X-Ratelimit-Remaining": str(CALLS - 1)}
    if kind == "429":
        limits |= {"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": str(int(sandbox.now().timestamp()) + 60)}
        return JSONResponse({"message": "Too many requests", "code": 429}, 429, limits)
    text = request.query_params.get("page", "1")
    page = int(text) if text.isdigit() and int(text) else 1
    first = (page - 2 if kind == "repeat_page" and page > 1 else page - 1) * ROWS
    found = [_spoilt(row, kind) for row in rows[first : first + ROWS]]
    sandbox.requests.note(endpoint, page, len(found))
    return JSONResponse(found, headers=limits | _links(request, page, max(1, -(-len(rows) // ROWS))))


def _links(request: Request, page: int, pages: int) -> dict[str, str]:
    """Which other pages there are; none are named where one page is all."""
    numbers = {"first": 1, "prev": page - 1, "next": page + 1, "last": pages}
    known = {rel: number for rel, number in numbers.items() if 1 <= number <= pages and number != page}
    url = str(request.url.replace(query=""))
    link = ", ".join(f'<{url}?page={number}>; rel="{rel}"' for rel, number in known.items())
    return {"Link": link} if link else {}


def affiliate_row(one: Affiliate, person: Person | None, now: datetime, programme: str) -> Row:
    """Somebody in a programme; `approved` is None while they wait."""
    return {
        "id": one.affiliate_id,
        "firstname": person.first_name if person else "Some",
        "lastname": person.last_name if person else "Body",
        "email": one.email,
        "company": {"name": None, "description": None},
        "address": {"address": person.street if person else "", "postal_code": "", "city": "", "country": None},
        "meta_data": {},
        "created_at": one.joined_at.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "affiliate_group_id": None,
        "referral_link": {"link": f"https://boutique.example/?ref={one.affiliate_id}", "asset_id": programme},
        "coupon": None,
        "approved": one.left_at is None or one.left_at > now,
    }


def _spoilt(row: Row, fault: str) -> Row:
    if fault == "missing_column":
        return {name: value for name, value in row.items() if name != MISSING}
    return row | SPOILS.get(fault, {})
