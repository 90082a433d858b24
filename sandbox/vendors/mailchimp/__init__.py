"""The Mailchimp Marketing API 3.0: lists, members, campaigns, reports and classic automations.

https://mailchimp.com/developer/marketing/api/
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.events import Mailing, MailList
from sandbox.faults import Fault
from sandbox.routes import routed
from sandbox.state import Sandbox
from sandbox.vendors.mailchimp.audience import Audience, Member
from sandbox.vendors.mailchimp.reports import WRITTEN_BEFORE, Item, Mailings

API_KEY = "sandbox-us1"
ENVIRONMENT = {"SOURCES__MAILCHIMP__BASE_URL": "{url}", "SOURCES__MAILCHIMP__API_KEY": API_KEY}
DEFAULT_COUNT, MOST_COUNT = 10, 1000
LONG_AGO = datetime.min.replace(tzinfo=UTC)
ERRORS = "https://mailchimp.com/developer/marketing/docs/errors/"
INSTANCE = "995c5cb0-3280-4a6e-808b-3b096d0bb219"
NEW_FIELD = {"loyalty_tier": "gold"}  # what the fault `new_column` adds
NEEDED = ("member_count", "timestamp_opt", "unique_opens")  # what `missing_column` leaves out
RENAMED = {"subscribed": "active"}  # what `renamed_enum` calls otherwise

MEMBER_TIMES: dict[str, Callable[[Member], datetime | None]] = {
    "last_changed": lambda one: one.changed_at,
    "timestamp_opt": lambda one: one.opted_in_at,
    "timestamp_signup": lambda one: one.signed_up_at,
}

Thing = TypeVar("Thing")
Shown = Callable[[Request, datetime], Item]


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, title: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.body: Item = {"type": ERRORS, "title": title, "status": status, "detail": detail, "instance": INSTANCE}
        if field:
            self.body["errors"] = [{"field": field, "message": detail}]


class Api:
    """What each path shows at an instant."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.audience = Audience(sandbox.world)
        self.mailings = Mailings(sandbox.world)

    def account(self, request: Request, now: datetime) -> Item:
        """Whose key this is."""
        return {"account_id": "8d3a3db4d97663a9074efcc16", "account_name": "La boutique", "role": "owner"}

    def lists(self, request: Request, now: datetime) -> Item:
        """Every list with its stats."""

        def item(one: MailList) -> Item:
            shown = self.audience.list_item(one, now)
            return shown | {"stats": shown["stats"] | self.mailings.rates_of_list(one.list_id, now)}

        found = _within(request, self.audience.existing(now), "date_created", lambda one: one.created_at)
        page = self._page(request, "/lists", found, item)
        return page | {"constraints": {"may_create": True, "max_instances": 100}}

    def members(self, request: Request, now: datetime) -> Item:
        """The members of a list."""
        list_id = _existing(request, "list_id", {one.list_id for one in self.audience.existing(now)})
        found = _chosen_members(request, self.audience.members(list_id, now))
        return self._page(request, "/lists/{list}/members", found, self.audience.member_item) | {"list_id": list_id}

    def campaigns(self, request: Request, now: datetime) -> Item:
        """Every campaign that was sent; there are no drafts."""
        found = self._sent(request, now) if request.query_params.get("status", "sent") == "sent" else []
        found = _within(request, found, "create_time", lambda one: one.sent_at - WRITTEN_BEFORE)
        return self._page(request, "/campaigns", found, lambda one: self.mailings.campaign(one, now))

    def reports(self, request: Request, now: datetime) -> Item:
        """A report for every campaign that was sent."""
        return self._page(request, "/reports", self._sent(request, now), lambda one: self.mailings.report(one, now))

    def report(self, request: Request, now: datetime) -> Item:
        """One report, also of an automation's e-mail."""
        known = {one.mailing_id for one in self.mailings.existing(now)}
        return self.mailings.report(self.mailings.by_id[_existing(request, "campaign_id", known)], now)

    def automations(self, request: Request, now: datetime) -> Item:
        """Every classic automation."""
        found = _within(request, self.mailings.started(now), "start_time", lambda one: one.started_at)
        return self._page(request, "/automations", found, lambda one: self.mailings.automation(one, now))

    def emails(self, request: Request, now: datetime) -> Item:
        """The e-mails of an automation, all at once."""
        workflow_id = _existing(request, "workflow_id", {one.automation_id for one in self.mailings.started(now)})
        steps = enumerate(self.mailings.steps(workflow_id, now), start=1)
        items = [self.mailings.step(one, position, now) for position, one in steps]
        return {"emails": items, "total_items": len(items)}

    def _sent(self, request: Request, now: datetime) -> list[Mailing]:
        return _within(request, self.mailings.sent(now), "send_time", lambda one: one.sent_at)

    def _page(self, request: Request, endpoint: str, found: Sequence[Thing], item: Callable[[Thing], Item]) -> Item:
        """One page of a collection, under the collection's own name."""
        count, offset = _number(request, "count", DEFAULT_COUNT, MOST_COUNT), _number(request, "offset", 0)
        items = [item(one) for one in found[offset : offset + count]]
        self.sandbox.requests.note(endpoint, offset // max(count, 1) + 1, len(items))
        return {endpoint.rpartition("/")[2]: items, "total_items": len(found)}


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /mailchimp, with the paths of <dc>.api.mailchimp.com."""
    api = Api(sandbox)
    paths: dict[str, Shown] = {
        "/": api.account,
        "/lists": api.lists,
        "/lists/{list_id}/members": api.members,
        "/campaigns": api.campaigns,
        "/reports": api.reports,
        "/reports/{campaign_id}": api.report,
        "/automations": api.automations,
        "/automations/{workflow_id}/emails": api.emails,
    }
    return routed("/3.0", paths, partial(_answer, sandbox))


def _chosen_members(request: Request, members: list[Member]) -> list[Member]:
    """Those that the query asks for; without a status, all but the archived ones."""
    status = request.query_params.get("status")
    members = [one for one in members if (one.status == status if status else one.status != "archived")]
    for name, at in MEMBER_TIMES.items():
        members = _within(request, members, name, at)
    sort_by = MEMBER_TIMES.get(request.query_params.get("sort_field", ""))
    if sort_by is None:
        return members
    backwards = request.query_params.get("sort_dir") == "DESC"
    return sorted(members, key=lambda one: sort_by(one) or LONG_AGO, reverse=backwards)


def _within(
    request: Request, things: Sequence[Thing], name: str, at: Callable[[Thing], datetime | None]
) -> list[Thing]:
    """The things after `since_<name>` and before `before_<name>`, both excluded."""
    since, before = _time(request, f"since_{name}"), _time(request, f"before_{name}")
    if not (since or before):
        return list(things)
    dated = [(one, at(one)) for one in things]
    return [one for one, when in dated if when and (not since or when > since) and (not before or when < before)]


def _time(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Problem(400, "Invalid Resource", "This value should be a valid datetime.", name) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(request: Request, name: str, default: int, most: int | None = None) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit() or (most is not None and int(text) > most):
        raise Problem(400, "Invalid Resource", f"This value should be a whole number of at most {most}.", name)
    return int(text)


def _existing(request: Request, name: str, known: set[str]) -> str:
    """The id in the path, where there is such a thing."""
    wanted: str = request.path_params[name]
    if wanted not in known:
        raise Problem(404, "Resource Not Found", "The requested resource could not be found.")
    return wanted


def _answer(sandbox: Sandbox, request: Request, shown: Shown) -> Response:
    """What the API shows now, with the fields that were asked for; or its refusal."""
    fault = sandbox.faults.take(request.url.path)
    if fault and fault.kind == "quota_gone":
        return Response("<html><body>Forbidden</body></html>", 403, media_type="text/html")
    try:
        _refuse(request, fault)
        body = shown(request, sandbox.now())
    except Problem as problem:
        return JSONResponse(problem.body, problem.body["status"], media_type="application/problem+json")
    link = {"rel": "self", "href": str(request.url.replace(query="")), "method": "GET"}
    return JSONResponse(_chosen(_spoilt(body, fault) | {"_links": [link]}, request))


def _refuse(request: Request, fault: Fault | None) -> None:
    if fault and fault.kind == "429":
        detail = "You have exceeded the limit of 10 simultaneous connections."
        raise Problem(429, "Too Many Requests", detail)
    if (fault and fault.kind == "token_expired") or API_KEY not in _keys(request):
        detail = "Your API key may be invalid, or you've attempted to access the wrong datacenter."
        raise Problem(401, "API Key Invalid", detail)


def _keys(request: Request) -> tuple[str, ...]:
    """What a Bearer header holds, or the password of a Basic one, whatever its user."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return (credential,)
    try:
        return (base64.b64decode(credential).decode().partition(":")[2],)
    except (binascii.Error, UnicodeDecodeError):
        return ()


def _spoilt(body: Item, fault: Fault | None) -> Item:
    """The same answer with a field more or less in each object, with a count that is a word, or a status renamed."""
    if fault is None:
        return body
    spoilt: Item = {}
    for name, value in body.items():
        if name in NEEDED and fault.kind == "missing_column":
            continue
        if isinstance(value, dict):
            value = _spoilt(value, fault)
        elif isinstance(value, list):
            value = [_spoilt(one, fault) if isinstance(one, dict) else one for one in value]
        elif name == "emails_sent" and fault.kind == "changed_type":
            value = "many"
        elif name == "status" and fault.kind == "renamed_enum":
            value = RENAMED.get(value, value)
        spoilt[name] = value
    return spoilt | (NEW_FIELD if fault.kind == "new_column" else {})


def _chosen(body: Item, request: Request) -> Item:
    """Only `fields`, and without `exclude_fields`; both are paths with dots."""
    wanted, unwanted = request.query_params.get("fields"), request.query_params.get("exclude_fields")
    if wanted:
        body = _kept(body, set(wanted.split(",")), "")
    return _dropped(body, set(unwanted.split(",")), "") if unwanted else body


def _kept(value: Any, wanted: set[str], path: str) -> Any:
    if path in wanted or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [_kept(one, wanted, path) for one in value]
    names = {name: f"{path}.{name}".strip(".") for name in value}
    parts = {name for name, full in names.items() if any(f"{one}.".startswith(f"{full}.") for one in wanted)}
    return {name: _kept(value[name], wanted, names[name]) for name in value if name in parts}


def _dropped(value: Any, unwanted: set[str], path: str) -> Any:
    if isinstance(value, list):
        return [_dropped(one, unwanted, path) for one in value]
    if not isinstance(value, dict):
        return value
    names = {name: f"{path}.{name}".strip(".") for name in value}
    return {name: _dropped(value[name], unwanted, full) for name, full in names.items() if full not in unwanted}
