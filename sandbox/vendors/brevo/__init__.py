"""The Brevo API v3: contacts, lists, e-mail campaigns and events of automated e-mails.

https://developers.brevo.com/reference
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.events import Mailing
from sandbox.faults import Fault
from sandbox.routes import routed
from sandbox.state import Sandbox
from sandbox.vendors.brevo.mail import OPT_IN_ATTRIBUTE, Activity, Audience, Campaigns, Item, number

API_KEY = "sandbox-brevo"
ENVIRONMENT = {"SOURCES__BREVO__BASE_URL": "{url}/v3", "SOURCES__BREVO__API_KEY": API_KEY}
STATISTICS_KEPT = timedelta(days=182)  # of a list of campaigns; one campaign shows all
ARCHIVED_AFTER = timedelta(days=20)  # every other campaign; one that was sent cannot be deleted
TWO_YEARS, MOST_DAYS = timedelta(days=731), 90
CALLS = 100  # an hour
SPENT_SECONDS = {"429": "2", "quota_gone": "1800"}  # until it answers again: limits are by the second and by the hour
EVENTS = (
    *("bounces", "hardBounces", "softBounces", "delivered", "spam", "requests", "opened", "clicks", "invalid"),
    *("deferred", "blocked", "unsubscribed", "error", "loadedByProxy"),
)
COUNTS = ("delivered", "uniqueSubscribers")  # what the fault `changed_type` spoils
NEW_FIELD = {"loyaltyTier": "gold"}  # what the fault `new_column` adds
NEEDED = ("listIds", "delivered", "messageId", "uniqueSubscribers")  # what `missing_column` leaves out
RENAMED = {"type": {"classic": "standard"}, "event": {"opened": "read"}}  # what `renamed_enum` calls otherwise

Thing = TypeVar("Thing")
Shown = Callable[[Request, datetime, Fault | None], Item]


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message}


class Api:
    """What each path shows at an instant."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.audience = Audience(sandbox.world)
        self.campaigns = Campaigns(sandbox.world, self.audience)
        self.activity = Activity(sandbox.world, self.audience)

    def account(self, request: Request, now: datetime, fault: Fault | None) -> Item:
        """Whose key this is."""
        return {
            "organization_id": "65f0c1d2",
            "email": "claire.martin@boutique.example",
            "firstName": "Claire",
            "lastName": "Martin",
            "companyName": "La boutique",
            "address": {"street": "1 rue du Port", "city": "Nantes", "zipCode": "44000", "country": "France"},
            "plan": [{"type": "payAsYouGo", "credits": 8755, "creditsType": "sendLimit"}],
            "dateTimePreferences": {"timezone": self.sandbox.world.time_zone, "timeFormat": "24h"},
        }

    def attributes(self, request: Request, now: datetime, fault: Fault | None) -> Item:
        """What a contact may hold."""
        names = ("PRENOM", "NOM", "SMS", OPT_IN_ATTRIBUTE)
        return {"attributes": [{"name": name, "category": "normal", "type": "text"} for name in names]}

    def contacts(self, request: Request, now: datetime, fault: Fault | None) -> Item:
        """Every contact that changed after an instant."""
        since = _time(request, "modifiedSince")
        found = [one for one in self.audience.contacts(now) if not since or one.modified_at > since]
        items = self._page(request, "/contacts", _sorted(request, found), self.audience.contact_item, (50, 1000), fault)
        return {"contacts": items, "count": len(found)}

    def lists(self, request: Request, now: datetime, fault: Fault | None) -> Item:
        """Every list, most of its counters at 0."""
        found = _sorted(request, self.audience.lists(now))
        items = self._page(
            request, "/contacts/lists", found, lambda one: self.audience.list_item(one, now), (10, 50), fault
        )
        return {"lists": items, "count": len(found)} if items else {"count": len(found)}

    def one_list(self, request: Request, now: datetime, fault: Fault | None) -> Item:
        """One list with all of its counters."""
        for one in self.audience.lists(now):
            if one.list_id == request.path_params["list_id"]:
                return self.audience.list_item(one, now, is_alone=True)
        raise Refusal(404, "document_not_found", "List ID does not exist")

    def email_campaigns(self, request: Request, now: datetime, fault: Fault | None) -> Item:
        """Every campaign of a status that was sent between two instants; there are no drafts."""
        span, status = _span_of_sending(request, now), request.query_params.get("status")
        found = [one for one in self.campaigns.sent(now) if status in (None, _status(one, now))]
        found = [one for one in found if not span or span[0] <= one.sent_at <= span[1]]
        items = self._page(
            *(request, "/emailCampaigns", _sorted(request, found)),
            *(lambda one: self._campaign(request, one, now, now - STATISTICS_KEPT), (50, 100), fault),
        )
        return {"count": len(found), "campaigns": items} if items else {"count": len(found)}

    def email_campaign(self, request: Request, now: datetime, fault: Fault | None) -> Item:
        """One campaign, however old its events."""
        for one in self.campaigns.sent(now):
            if str(number(one.mailing_id)) == request.path_params["campaign_id"]:
                return self._campaign(request, one, now)
        raise Refusal(404, "document_not_found", "Campaign ID does not exist")

    def _campaign(self, request: Request, one: Mailing, now: datetime, since: datetime | None = None) -> Item:
        """When it was sent is said of those only that are not archived."""
        item = self.campaigns.item(one, now, request.query_params.get("statistics"), since)
        if _status(one, now) == "sent":
            return item
        return {name: value for name, value in item.items() if name != "sentDate"} | {"status": "archive"}

    def events(self, request: Request, now: datetime, fault: Fault | None) -> Item:
        """The events of some days; no total, and nothing at all where there are none."""
        kind = request.query_params.get("event")
        if kind is not None and kind not in EVENTS:
            raise Refusal(400, "invalid_parameter", "Invalid event type")
        found = self.activity.events(now, *self._days(request, now), kind)
        items = self._page(
            *(request, "/smtp/statistics/events", _sorted(request, found), self.activity.item, (2500, 5000), fault)
        )
        return {"events": items} if items else {}

    def _days(self, request: Request, now: datetime) -> tuple[str, str]:
        """The first and the last day asked for, as the account counts them."""
        query = request.query_params
        if "startDate" not in query and "endDate" not in query:
            days = _number(request, "days", 30, MOST_DAYS)
            return self.audience.local(now - timedelta(days=days - 1))[:10], self.audience.local(now)[:10]
        first, last = _both(request)
        try:
            span = date.fromisoformat(last) - date.fromisoformat(first)
        except ValueError:
            raise Refusal(400, "invalid_parameter", "Dates must be YYYY-MM-DD") from None
        if not timedelta(0) <= span < timedelta(days=MOST_DAYS):
            raise Refusal(400, "out_of_range", f"The date range can not exceed {MOST_DAYS} days")
        if last > self.audience.local(now)[:10]:
            raise Refusal(400, "invalid_parameter", "endDate should not be greater than the current date")
        return first, last

    def _page(
        self,
        request: Request,
        endpoint: str,
        found: Sequence[Thing],
        item: Callable[[Thing], Item],
        rows: tuple[int, int],
        fault: Fault | None,
    ) -> list[Item]:
        """One page; `rows` are the default and the most. What a new record pushes to the next page repeats there."""
        limit, offset = _number(request, "limit", *rows), _number(request, "offset", 0)
        first = max(offset - 1, 0) if fault and fault.kind == "repeat_page" else offset
        items = [item(one) for one in found[first : first + limit]]
        self.sandbox.requests.note(endpoint, offset // max(limit, 1) + 1, len(items))
        return items


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /brevo, with the paths of api.brevo.com."""
    api = Api(sandbox)
    paths: dict[str, Shown] = {
        "/account": api.account,
        "/contacts": api.contacts,
        "/contacts/attributes": api.attributes,
        "/contacts/lists": api.lists,
        "/contacts/lists/{list_id}": api.one_list,
        "/emailCampaigns": api.email_campaigns,
        "/emailCampaigns/{campaign_id}": api.email_campaign,
        "/smtp/statistics/events": api.events,
    }
    return routed("/v3", paths, partial(_answer, sandbox))


def _answer(sandbox: Sandbox, request: Request, shown: Shown) -> Response:
    """What the API shows now, or its refusal; each answer says how many calls are left."""
    fault = sandbox.faults.take(request.url.path)
    left = {"x-sib-ratelimit-limit": str(CALLS), "x-sib-ratelimit-remaining": "97", "x-sib-ratelimit-reset": "2"}
    try:
        if fault and fault.kind in SPENT_SECONDS:
            left |= {"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": SPENT_SECONDS[fault.kind]}
            raise Refusal(429, "too_many_requests", "You have reached the limit of requests; try again later")
        if (fault and fault.kind == "token_expired") or request.headers.get("api-key") != API_KEY:
            raise Refusal(401, "unauthorized", "Key not found")
        body = shown(request, sandbox.now(), fault)
    except Refusal as refusal:
        return JSONResponse(refusal.body, refusal.status, headers=left)
    return JSONResponse(_spoilt(body, fault), headers=left)


def _spoilt(found: Any, fault: Fault | None) -> Any:
    """The same answer with a field more or less in each object, with a count that is a word, or a kind renamed."""
    if fault is None or not isinstance(found, dict | list):
        return found
    if isinstance(found, list):
        return [_spoilt(one, fault) for one in found]
    spoilt = {name: _spoilt(value, fault) for name, value in found.items()}
    if fault.kind == "changed_type":
        spoilt |= {name: "many" for name in COUNTS if name in spoilt}
    if fault.kind == "missing_column":
        spoilt = {name: value for name, value in spoilt.items() if name not in NEEDED}
    if fault.kind == "renamed_enum":
        spoilt |= {name: RENAMED[name].get(spoilt[name], spoilt[name]) for name in RENAMED if name in spoilt}
    return spoilt | (NEW_FIELD if fault.kind == "new_column" else {})


def _sorted(request: Request, newest_first: Sequence[Thing]) -> Sequence[Thing]:
    return newest_first[::-1] if request.query_params.get("sort") == "asc" else newest_first


def _status(campaign: Mailing, now: datetime) -> str:
    is_archived = number(campaign.mailing_id) % 2 == 1 and campaign.sent_at + ARCHIVED_AFTER <= now
    return "archive" if is_archived else "sent"


def _span_of_sending(request: Request, now: datetime) -> tuple[datetime, datetime] | None:
    """The instants between which campaigns were sent, of which the vendor wants both or none."""
    if "startDate" not in request.query_params and "endDate" not in request.query_params:
        return None
    _both(request)
    if request.query_params.get("status", "sent") != "sent":
        raise Refusal(400, "invalid_parameter", "startDate and endDate are only available for the status sent")
    first, last = _time(request, "startDate"), _time(request, "endDate")
    if not first or not last or max(first, last) > now:
        raise Refusal(400, "invalid_parameter", "startDate and endDate should not be in the future")
    if not timedelta(0) <= last - first <= TWO_YEARS:
        raise Refusal(400, "out_of_range", "The date range should not exceed 2 years")
    return first, last


def _both(request: Request) -> tuple[str, str]:
    for name in ("startDate", "endDate"):
        if not request.query_params.get(name):
            raise Refusal(400, "missing_parameter", f"{name} is missing")
    return request.query_params["startDate"], request.query_params["endDate"]


def _time(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, "invalid_parameter", f"{name} is not a valid date-time") from None
    if moment.tzinfo is None:
        raise Refusal(400, "invalid_parameter", f"{name} has no time zone")
    return moment


def _number(request: Request, name: str, default: int, most: int | None = None) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise Refusal(400, "invalid_parameter", f"{name} is not valid")
    if most is not None and int(text) > most:
        raise Refusal(400, "out_of_range", f"{name.capitalize()} exceeds max value")
    return int(text)
