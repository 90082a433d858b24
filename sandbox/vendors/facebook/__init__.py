"""Facebook's Graph API (https://developers.facebook.com/docs/graph-api): token, versions, errors, usage headers.

A version that ended answers error 2635 to calls of the Marketing API, which lets versions go sooner than the rest.
The usage headers are on every answer; a limit that was reached is HTTP 400 with a code of its own, never 429.
"""

import json
import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from sandbox.faults import Fault
from sandbox.state import Sandbox
from sandbox.vendors.facebook.ads import AdsDesk
from sandbox.vendors.facebook.graph import Call, GraphError, Row
from sandbox.vendors.facebook.page import answer_page
from sandbox.vendors.facebook.tokens import TOKEN, USER_TOKEN, Tokens, is_of_page

PREFIX = "/facebook"
ENVIRONMENT = {
    "SOURCES__FACEBOOK_ADS__BASE_URL": "{url}",
    "SOURCES__FACEBOOK_ADS__ACCESS_TOKEN": TOKEN,
    "SOURCES__FACEBOOK_PAGE__BASE_URL": "{url}",
    "SOURCES__FACEBOOK_PAGE__ACCESS_TOKEN": USER_TOKEN,
}
NEWEST = 26
OLDEST_FOR_ADS, OLDEST_FOR_PAGES = 25, 21
V21_ENDS_AT = datetime(2027, 1, 21, tzinfo=UTC)
QUOTA_MINUTES = 42  # what a spent quota says about its return


async def parameters(request: Request) -> dict[str, str]:
    """Query and form together, as the vendor reads them; a later one wins."""
    form = await request.form() if request.method == "POST" else {}
    return {name: str(value) for name, value in [*request.query_params.multi_items(), *form.items()]}


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /facebook: one for all nodes and edges, as the Graph API has it."""
    routes = APIRouter()
    ads, tokens = AdsDesk(sandbox), Tokens(sandbox)

    @routes.api_route("/{version}/{path:path}", methods=["GET", "POST"])
    def graph(
        request: Request, version: str, path: str, params: Annotated[dict[str, str], Depends(parameters)]
    ) -> JSONResponse:
        try:
            call = _call(sandbox, tokens, request, version, path, params)
            body = tokens.answer(call) or _answer(sandbox, ads, call)
        except GraphError as error:
            return JSONResponse(error.body(), 400, _usage(error.wait_minutes))
        return JSONResponse(body, headers=_usage(0))

    return routes


def _answer(sandbox: Sandbox, ads: AdsDesk, call: Call) -> Row:
    return ads.answer(call) if _is_of_ads(call, ads, sandbox.now()) else answer_page(sandbox, call)


def _call(sandbox: Sandbox, tokens: Tokens, request: Request, version: str, path: str, params: dict[str, str]) -> Call:
    fault = sandbox.faults.take(f"{PREFIX}/{version}/{path}")
    parts = tuple(part for part in path.split("/") if part)
    if fault:
        _refuse(fault, parts)
    token = _given_token(request, params)
    tokens.check(token)
    number = re.fullmatch(r"v(\d+)\.0", version)
    if not number or int(number[1]) > NEWEST or not parts:
        raise GraphError(2500, f"Unknown path components: /{path}")
    url = f"{str(request.base_url).rstrip('/')}{PREFIX}/{version}/{path}"
    kind = fault.kind if fault else ""
    # A POST may say that it stands for another method: not every client can send all of them.
    method = params.get("method", "POST").upper() if request.method == "POST" else request.method
    return Call(method, int(number[1]), url, parts, params, kind, is_of_page(token), token)


def _refuse(fault: Fault, parts: tuple[str, ...]) -> None:
    """The faults that are an error of the vendor's own; the others show in the rows."""
    if fault.kind == "token_expired":
        raise GraphError(190, "Error validating access token: Session has expired on Monday, 02-Mar-26 10:00:00.", 463)
    if fault.kind == "quota_gone":
        raise GraphError(4, "(#4) Application request limit reached", 1504022, QUOTA_MINUTES)
    if fault.kind == "429":
        if parts[-1] == "insights":
            raise GraphError(80000, "(#80000) There have been too many calls from this ad-account.", 2446079)
        if parts[0].startswith("act_"):
            raise GraphError(17, "(#17) User request limit reached", 2446079)
        raise GraphError(80001, "(#80001) There have been too many calls to this Page account.")


def _given_token(request: Request, params: dict[str, str]) -> str:
    given = params.get("access_token") or request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not given:
        raise GraphError(104, "An access token is required to request this resource.")
    return given


def _is_of_ads(call: Call, ads: AdsDesk, now: datetime) -> bool:
    of_ads = ads.knows(call.node)
    oldest = OLDEST_FOR_ADS if of_ads else OLDEST_FOR_PAGES + (now >= V21_ENDS_AT)
    if call.version < oldest:
        raise GraphError(
            2635,
            "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: "
            f"v{NEWEST}.0.",
        )
    return of_ads


def _usage(wait_minutes: int) -> dict[str, str]:
    """How much of the limits is used, as JSON in headers; `wait_minutes` until calls are let through again."""
    used: Row = {"call_count": 10, "total_cputime": 5, "total_time": 3}
    tier = {"ads_api_access_tier": "standard_access"}
    business = used | {"type": "ads_insights", "estimated_time_to_regain_access": wait_minutes} | tier
    return {
        "x-app-usage": json.dumps(used),
        "x-business-use-case-usage": json.dumps({"3001": [business]}),
        "x-fb-ads-insights-throttle": json.dumps({"app_id_util_pct": 7.1, "acc_id_util_pct": 9} | tier),
    }
