"""Klaviyo's API: accounts, metrics, events, profiles, campaigns, lists and flows, as JSON:API.

https://developers.klaviyo.com/en/reference/api_overview
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.faults import Fault
from sandbox.routes import routed
from sandbox.state import Sandbox
from sandbox.vendors.klaviyo import objects, query
from sandbox.vendors.klaviyo.query import Refusal, Thing
from sandbox.vendors.klaviyo.records import METRICS, OPENED, Item, Records, is_archived

API_KEY = "pk_sandbox"
ENVIRONMENT = {"SOURCES__KLAVIYO__BASE_URL": "{url}/api/", "SOURCES__KLAVIYO__API_KEY": API_KEY}
MEDIA_TYPE = "application/vnd.api+json"
LIFETIME = timedelta(days=730)  # of a revision
LIMITS = {"RateLimit-Limit": "350, 350;w=1, 3500;w=60", "RateLimit-Remaining": "3499", "RateLimit-Reset": "60"}
RETRY_SECONDS = 1
OTHER_METRIC = ("MchOpn", OPENED, "MailChimp")  # a connected tool's metric, of the same name
NEW_FIELD = {"loyalty_tier": "gold"}  # what the fault `new_column` adds
NEEDED = ("datetime", "updated", "send_time", "profile_count")  # what `missing_column` leaves out
RENAMED = {"SUBSCRIBED": "OPTED_IN"}  # what `renamed_enum` calls otherwise

Shown = Callable[[Request, str, datetime], Item]


class Api:
    """What each path shows at an instant; `base` is the address before the path."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.records = Records(sandbox.world)

    def accounts(self, request: Request, base: str, now: datetime) -> Item:
        """Whose key this is."""
        return self._page(request, "accounts", [base], objects.account)

    def metrics(self, request: Request, base: str, now: datetime) -> Item:
        """The kinds of events that have happened, a connected tool's among them."""
        found = [OTHER_METRIC, *((METRICS[name], name, "Klaviyo") for name in self.records.shown_metrics(now))]
        return self._page(request, "metrics", found, lambda one: objects.metric(base, *one))

    def events(self, request: Request, base: str, now: datetime) -> Item:
        """Events of one metric or of all, with the profiles of the page where they are included."""
        conditions = query.filters(request, "events")
        found = query.kept(self.records.shown_events(now), conditions, "metric_id", lambda one: METRICS[one.metric])
        found = query.kept(found, conditions, "profile_id", lambda one: one.profile_id)
        found = query.kept(found, conditions, "datetime", lambda one: one.happened_at)
        if request.query_params.get("sort", "-datetime").startswith("-"):
            found.reverse()
        page = self._page(request, "events", found, lambda one: objects.event(base, one, now))
        if "profile" not in query.words(request, "include"):
            return page
        ids = dict.fromkeys(one["relationships"]["profile"]["data"]["id"] for one in page["data"])
        exist = [one for one in map(self.records.profiles.__getitem__, ids) if one.exists(now)]
        included = [query.chosen(request, objects.profile(base, one, self.records, now)) for one in exist]
        return page | {"included": included}

    def profiles(self, request: Request, base: str, now: datetime) -> Item:
        """The profiles that exist; a deleted one is left out."""
        conditions = query.filters(request, "profiles")
        found = query.kept(self.records.existing_profiles(now), conditions, "updated", lambda one: one.updated_at(now))
        found = query.kept(found, conditions, "created", lambda one: one.contacts[0].created_at)
        found = query.kept(found, conditions, "id", lambda one: one.profile_id)
        if request.query_params.get("sort") == "updated":
            found.sort(key=lambda one: (one.updated_at(now), one.profile_id))
        return self._page(request, "profiles", found, lambda one: objects.profile(base, one, self.records, now))

    def campaigns(self, request: Request, base: str, now: datetime) -> Item:
        """E-mail campaigns; those that were put away only where they are asked for."""
        conditions = query.filters(request, "campaigns")
        wanted = {name: value for _, name, value in conditions}
        if "messages.channel" not in wanted:
            raise query.invalid("A channel filter is required to list campaigns.", "filter")
        found = self.records.campaigns(now) if wanted["messages.channel"] == "email" else []
        found = [one for one in found if is_archived(one) == (wanted.get("archived") == "true")]
        found = query.kept(found, conditions, "updated_at", lambda one: self.records.campaign_updated_at(one, now))
        page = self._page(request, "campaigns", found, lambda one: objects.campaign(base, one, self.records, now))
        if "campaign-messages" not in query.words(request, "include"):
            return page
        shown = [self.records.mailings[one["id"]] for one in page["data"]]
        messages = [objects.message(base, one, found) for found in shown for one in self.records.messages(found)]
        return page | {"included": [query.chosen(request, one) for one in messages]}

    def lists(self, request: Request, base: str, now: datetime) -> Item:
        """The lists, without their sizes."""
        found = self.records.existing_lists(now)
        return self._page(request, "lists", found, lambda one: objects.mail_list(base, one, 0))

    def one_list(self, request: Request, base: str, now: datetime) -> Item:
        """One list, with its size where it is asked for."""
        wanted = request.path_params["list_id"]
        for one in self.records.existing_lists(now):
            if one.list_id == wanted:
                shown = objects.mail_list(base, one, self.records.members(one.list_id, now))
                return {"data": query.chosen(request, shown)}
        raise Refusal(404, "not_found", "Not found.", f"A list with id {wanted} does not exist.")

    def flows(self, request: Request, base: str, now: datetime) -> Item:
        """The flows; none was put away."""
        archived = ("equals", "archived", "true") in query.filters(request, "flows")
        found = [] if archived else self.records.flows(now)
        return self._page(request, "flows", found, lambda one: objects.flow(base, *one))

    def _page(self, request: Request, path: str, found: Sequence[Thing], item: Callable[[Thing], Item]) -> Item:
        """One page of a collection, with links to itself and to its neighbours."""
        start, size = query.offset(request), query.size(request, path)
        data = [query.chosen(request, item(one)) for one in found[start : start + size]]
        self.sandbox.requests.note(f"/{path}", start // size + 1, len(data))
        links = {
            "self": str(request.url),
            "next": query.link(request, start + size) if start + size < len(found) else None,
            "prev": query.link(request, max(start - size, 0)) if start else None,
        }
        return {"data": data, "links": links}


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /klaviyo, with the paths of a.klaviyo.com."""
    api = Api(sandbox)
    paths: dict[str, Shown] = {
        "/accounts": api.accounts,
        "/metrics": api.metrics,
        "/events": api.events,
        "/profiles": api.profiles,
        "/campaigns": api.campaigns,
        "/lists": api.lists,
        "/lists/{list_id}": api.one_list,
        "/flows": api.flows,
    }
    return routed("/api", paths, partial(_answer, sandbox))


def _answer(sandbox: Sandbox, request: Request, shown: Shown) -> Response:
    """What the API shows now, or its refusal."""
    fault = sandbox.faults.take(request.url.path)
    base = f"{str(request.base_url).rstrip('/')}/klaviyo/api"
    try:
        _refuse(request, fault, sandbox.now())
        body = shown(request, base, sandbox.now())
    except Refusal as refusal:
        headers = {"Retry-After": str(RETRY_SECONDS)} if refusal.status == 429 else LIMITS
        return JSONResponse(refusal.body, refusal.status, headers=headers, media_type=MEDIA_TYPE)
    if fault and fault.kind == "repeat_page" and "links" in body:
        body["links"]["next"] = query.link(request, query.offset(request))
    return JSONResponse(_spoilt(body, fault), headers=LIMITS, media_type=MEDIA_TYPE)


def _refuse(request: Request, fault: Fault | None, now: datetime) -> None:
    if fault and fault.kind in ("429", "quota_gone"):
        detail = f"Request was throttled. Expected available in {RETRY_SECONDS} second."
        raise Refusal(429, "throttled", "Request was throttled.", detail)
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Klaviyo-API-Key" or not key:
        title = "Authentication credentials were not provided."
        raise Refusal(401, "not_authenticated", title, "Missing or invalid private key.")
    if (fault and fault.kind == "token_expired") or key != API_KEY:
        title = "Incorrect authentication credentials."
        raise Refusal(401, "authentication_failed", title, "Missing or invalid private key.")
    try:
        revision = date.fromisoformat(request.headers.get("revision", "")[:10])
    except ValueError:
        raise query.invalid("A revision header of the form YYYY-MM-DD is required.", "revision") from None
    if revision < (now - LIFETIME).date():
        raise Refusal(410, "gone", "Revision retired.", f"Revision {revision} is no longer supported.")


def _spoilt(body: Item, fault: Fault | None) -> Item:
    """The same answer with a field more or less in each object, with other types, or with a consent renamed."""
    found: Any = body.get("data", []) if fault else []
    for one in found if isinstance(found, list) else [found]:
        _spoil(one["attributes"], fault.kind if fault else "")
    return body


def _spoil(attributes: Item, kind: str) -> None:
    """Change what an object says of itself."""
    marketing = attributes.get("subscriptions", {}).get("email", {}).get("marketing", {})
    if kind == "new_column":
        attributes |= NEW_FIELD
        if "event_properties" in attributes:
            attributes["event_properties"] = attributes["event_properties"] | NEW_FIELD
    elif kind == "changed_type" and "profile_count" in attributes:
        attributes["profile_count"] = "many"
    elif kind == "changed_type" and "event_properties" in attributes:
        attributes["event_properties"] = "Opened by somebody"
    elif kind == "missing_column":
        for name in NEEDED:
            attributes.pop(name, None)
    elif kind == "renamed_enum" and "consent" in marketing:
        marketing["consent"] = RENAMED.get(marketing["consent"], marketing["consent"])
