"""Brevo: opt-ins of contacts, e-mail campaigns, events of automated e-mails, sizes of lists.

https://developers.brevo.com/reference
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import dlt
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig
from pydantic import Field

from pipelines.connector import Connector, Options, Plan, Scope
from pipelines.listing import Guarded, selector
from pipelines.rows import SchemaDrift
from pipelines.sources.brevo.client import ADVICE, BASE_URL, EVENT, connected, moment_of, pages, spans, text_of
from pipelines.sources.brevo.tables import EVENTS, TABLES

MOST_CONTACTS, MOST_EVENTS, MOST_OTHERS = 1000, 5000, 50  # of one answer; most paths allow 100 calls an hour

REACHED = ("sent", "delivered")
COUNTED_AFTER = timedelta(days=1)  # a campaign that was just sent is not counted yet
CAMPAIGN: dict[str, Any] = {"statistics": "globalStats", "excludeHtmlContent": "true"}
EVENT_SPAN = timedelta(days=89)  # the vendor refuses more than 90 days, both ends counted
CAMPAIGN_SPAN = timedelta(days=700)  # the vendor refuses more than two years
STATISTICS_AGE = timedelta(days=150)  # a list of campaigns counts the last six months only, a campaign asked for all
MOST_ALONE = 80  # campaigns that a deep re-read asks for by themselves, of the 100 calls an hour

Row = dict[str, Any]


class BrevoOptions(Options):
    """`opt_in_attribute`: the contact attribute that holds the date of the confirmed opt-in (ISO 8601).

    `follow_up_automations`: the tags of e-mails that follow up a purchase, or the template ids of those without a tag.
    `page_rows`, `event_rows`, `list_rows`: how many contacts, events, or lists and campaigns a page holds.
    """

    opt_in_attribute: str = ""
    follow_up_automations: list[str] = Field(default_factory=list)
    page_rows: int = Field(default=MOST_CONTACTS, ge=1, le=MOST_CONTACTS)
    event_rows: int = Field(default=MOST_EVENTS, ge=1, le=MOST_EVENTS)
    list_rows: int = Field(default=MOST_OTHERS, ge=1, le=MOST_OTHERS)


@dlt.source(name="brevo", section="brevo", max_table_nesting=0)
def brevo(
    options: BrevoOptions, plan: Plan, api_key: dlt.TSecretStrValue = dlt.secrets.value, base_url: str = BASE_URL
) -> Iterator[DltResource]:
    """Opt-ins of who changed, campaigns and events from the asked day on, lists as they are now."""
    http = connected(api_key, plan.quota)
    whole = Whole(http, base_url, plan)
    config: RESTAPIConfig = {
        "client": {"base_url": base_url, "session": http},
        "resources": [
            _opt_ins(options, plan),
            dlt.resource([list(_campaign_spans(plan))], name="campaign_spans"),
            _sent(options, whole),
            _archived(options, whole),
            dlt.resource([list(_event_spans(plan))], name="event_spans"),
            _events(options),
            *_lists(options, {"captured_on": plan.captured_on, "captured_at": plan.as_of}),
        ],
    }
    found = {one.name: one for one in rest_api_resources(config)}
    # One that is archived meanwhile comes twice rather than not at all.
    campaigns = chain(found.pop("sent_campaigns"), found.pop("archived_campaigns"))
    yield from found.values()
    yield dlt.resource(campaigns, name="campaigns")


def _opt_ins(options: BrevoOptions, plan: Plan) -> EndpointResource:
    """Who changed since the last load; everybody where no load has read the opt-ins of this attribute."""
    read_whole = f"whole by {options.opt_in_attribute or 'createdAt'}"
    since = {"modifiedSince": text_of(plan.since("opt_ins"))}
    known = plan.known_hashes.get(("opt_ins", "")) == read_whole
    plan.keep_hash("opt_ins", "", read_whole)
    return {
        "name": "opt_ins",
        "endpoint": pages("contacts", "contacts", options.page_rows, **(since if known else {})),
        "processing_steps": [
            {"map": lambda row: _opt_in(row, options.opt_in_attribute, plan)},
            {"filter": lambda row: row["opt_in"] or row["is_listed"]},
        ],
    }


def _opt_in(row: Row, attribute: str, plan: Plan) -> Row:
    """A contact with its opt-in; nothing else of its attributes, which are personal, is kept."""
    for name in ("listIds", "attributes"):
        if name not in row:
            raise SchemaDrift(
                f"brevo: opt_ins: the vendor no longer sends {name}, which tells who opted in and when; nothing of "
                "this source was loaded. Upgrade Parcours, or report it."
            )
    told = (row["attributes"] or {}).get(attribute) if attribute else None
    moment = moment_of(told, plan.zone)
    warning = f"brevo: {attribute} of some contacts is no ISO 8601 date; correct [sources.brevo] opt_in_attribute"
    if told and not moment and warning not in plan.warnings:
        plan.warn(warning)
    # A contact on no list has asked for nothing: a shop's plugin creates one for each buyer.
    is_listed = bool(row["listIds"] or row.get("listUnsubscribed"))
    created_at = moment_of(row.get("createdAt"), UTC)
    if is_listed and not moment and created_at:
        _caveat(plan, "opt_ins", "approximate_date", created_at)
    return row | {"opt_in": text_of(moment) if moment else "", "is_listed": is_listed}


def _caveat(plan: Plan, table: str, name: str, at: datetime) -> None:
    """Said of the business day of an instant; of days that are not asked it was said before."""
    day = at.astimezone(plan.zone).date()
    if any(pull.first_day <= day for pull in plan.of(table)):
        plan.caveat(table, "", name, day=day)


def _sent(options: BrevoOptions, whole: Callable[[Row], Iterator[Row]]) -> EndpointResource:
    span: dict[str, Any] = {
        "startDate": "{resources.campaign_spans.first}",
        "endDate": "{resources.campaign_spans.last}",
    }
    return {
        "name": "sent_campaigns",
        "endpoint": pages("campaigns", "emailCampaigns", options.list_rows, status="sent", **span, **CAMPAIGN),
        "processing_steps": [{"yield_map": whole}],
    }


def _archived(options: BrevoOptions, whole: Callable[[Row], Iterator[Row]]) -> EndpointResource:
    """All of them: the vendor filters by date only those that count as sent."""
    return {
        "name": "archived_campaigns",
        "endpoint": pages("campaigns", "emailCampaigns", options.list_rows, status="archive", **CAMPAIGN),
        "processing_steps": [{"yield_map": whole}],
    }


class Whole:
    """Campaigns with all of their statistics: one that a list counts in part only is asked for by itself."""

    def __init__(self, http: requests.Session, base_url: str, plan: Plan) -> None:
        self.http, self.base_url, self.plan = http, base_url, plan
        self.alone, self.empty = 0, 0
        plan.caveat("campaigns", "", "bot_clicks")  # of all of them, whichever are asked for

    def __call__(self, row: Row) -> Iterator[Row]:
        """The campaign, where it was sent in the asked time; a deep re-read leaves the oldest as they are."""
        if row.get("status") == "archive":
            row = {"sentDate": None, **row}  # the vendor gives it of those only that count as sent
        sent_at = moment_of(row.get("sentDate") or row.get("scheduledAt"), UTC)
        if sent_at and sent_at < self.plan.since("campaigns"):
            return
        if sent_at and sent_at <= self.plan.as_of - STATISTICS_AGE:
            if str(row["id"]) in self.plan.begun.get("campaigns", ()):
                return  # asked for by a first load that the vendor's limit stopped
            self.alone += 1
            if self.plan.kind == "deep" and self.alone > MOST_ALONE:
                return
            path = f"{self.base_url}/emailCampaigns/{row['id']}"
            row |= self.http.get(path, params={"statistics": "globalStats"}).json()
        counted = (row.get("statistics") or {}).get("globalStats") or {}
        if sent_at and counted.get("trackableViews") is None:
            _caveat(self.plan, "campaigns", "proxy_opens", sent_at)
        if sent_at and sent_at <= self.plan.as_of - COUNTED_AFTER and not any(counted.get(name) for name in REACHED):
            self._tell_empty(sent_at)
        yield row

    def _tell_empty(self, sent_at: datetime) -> None:
        """Of a campaign that was sent and reached nobody: the vendor may have lost its counters."""
        _caveat(self.plan, "campaigns", "truncated", sent_at)
        told = "brevo: sent campaigns without any delivery, whose counters may be lost: {}; look at them in Brevo"
        if self.empty:
            self.plan.warnings.remove(told.format(self.empty))
        self.empty += 1
        self.plan.warn(told.format(self.empty))


def _events(options: BrevoOptions) -> EndpointResource:
    return {
        "name": "events",
        "endpoint": pages(
            *("events", "smtp/statistics/events", options.event_rows, EVENT),
            event="{resources.event_spans.event}",
            startDate="{resources.event_spans.first}",
            endDate="{resources.event_spans.last}",
        ),
    }


def _lists(options: BrevoOptions, captured: Row) -> tuple[EndpointResource, EndpointResource]:
    """The lists, each asked for by itself: all at once, the vendor leaves two of their three counters at 0."""
    index: EndpointResource = {
        "name": "list_index",
        "selected": False,
        "endpoint": pages("lists", "contacts/lists", options.list_rows),
    }
    lists: EndpointResource = {
        "name": "lists",
        "endpoint": {
            "path": "contacts/lists/{resources.list_index.id}",
            "paginator": Guarded(SinglePagePaginator(), "brevo", is_one=True),
            "data_selector": selector("$"),
        },
        "processing_steps": [{"map": lambda row: row | captured}],
    }
    return index, lists


def _campaign_spans(plan: Plan) -> Iterator[Row]:
    """When campaigns may have been sent, until now: the vendor refuses the future."""
    for first, last in spans(plan.since("campaigns"), plan.as_of, CAMPAIGN_SPAN, timedelta(milliseconds=1)):
        yield {"first": text_of(first), "last": text_of(last)}


def _event_spans(plan: Plan) -> Iterator[Row]:
    """Days as the account counts them, in whatever zone: one more at the beginning, and the last is today in UTC."""
    first_day, today = (plan.since("events") - timedelta(days=1)).date(), plan.as_of.astimezone(UTC).date()
    for first, last in spans(first_day, today, EVENT_SPAN, timedelta(days=1)):
        for event in EVENTS:
            yield {"event": event, "first": first.isoformat(), "last": last.isoformat()}


def scopes(options: BrevoOptions, table: str) -> list[Scope]:
    """One API key is one account, which every table holds whole."""
    return [Scope("")]


def check(options: BrevoOptions) -> list[str]:
    """The account and its zone, its lists, and what the options name that it does not have."""
    http = connected(dlt.secrets.get("sources.brevo.api_key", str) or "")
    base_url = dlt.config.get("sources.brevo.base_url", str) or BASE_URL

    def ask(path: str, **params: Any) -> Row:
        found: Row = http.get(f"{base_url}/{path}", params=params).json()
        return found

    account = ask("account")
    zone = (account.get("dateTimePreferences") or {}).get("timezone") or "unknown"
    lines = [f"account {account.get('companyName')}: {ask('contacts/lists').get('count')} lists, time zone {zone}"]
    attributes = [one.get("name") for one in ask("contacts/attributes").get("attributes") or []]
    if not options.opt_in_attribute:
        lines.append("opt-ins are dated by createdAt, approximately: set [sources.brevo] opt_in_attribute")
    elif options.opt_in_attribute not in attributes:
        lines.append(f"{options.opt_in_attribute} does not exist: correct [sources.brevo] opt_in_attribute")
    recent = ask("smtp/statistics/events", event="delivered", days=30, limit=options.event_rows).get("events") or []
    sent = {str(one.get("tag") or one.get("templateId")).strip('[]"') for one in recent}
    lines += [
        f"{one} sent nothing lately: correct [sources.brevo] follow_up_automations if it should have"
        for one in options.follow_up_automations
        if one not in sent
    ]
    return lines


CONNECTOR = Connector(
    name="brevo",
    title="Brevo",
    tables=TABLES,
    options=BrevoOptions,
    source=brevo,
    scopes=scopes,
    check=check,
    feeds={
        "opt_ins": ("opt_ins",),
        "broadcasts": ("campaigns",),
        "automation_messages": ("events",),
        "list_sizes": ("lists",),
    },
    secrets=("api_key",),
    advice=ADVICE,
    docs_url="https://developers.brevo.com/reference",
    api_version="v3",
)
