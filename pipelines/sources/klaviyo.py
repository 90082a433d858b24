"""Klaviyo: profiles, lists, campaigns and the events that their e-mails cause (https://developers.klaviyo.com/en/reference).

Deliveries, opens and clicks are counted from events: the vendor's reports cannot leave out privacy proxies and bots.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig
from pydantic import Field

from pipelines.connector import Connector, Options, Plan, Scope, Table
from pipelines.sources.klaviyo_client import ADVICE, BASE_URL, PERMISSIONS, REVISION, Row, client, inner, metric

LATE_DAYS = 28  # opens and clicks come for weeks, and an event can show long after the instant that it carries
PROFILE_DAYS = 7  # a change can show late, and one that happens while pages are read can be missed
AS_NOW = 1  # asked whole every time

MOST_EVENTS, MOST_ROWS, MOST_LISTS, MOST_FLOWS = 1000, 100, 10, 50  # the vendor gives no more in one answer
ARCHIVED = [{"archived": "false"}, {"archived": "true"}]  # without a filter the vendor leaves archived things out

MAIL_METRICS = ("Received Email", "Bounced Email", "Opened Email", "Clicked Email")
OPT_IN_METRICS = ("Subscribed to Email Marketing", "Subscribed to List")

# All that is kept of an event's properties; the others hold addresses, subjects and devices. The vendor documents
# `Apple Privacy Open`, its answers show `machine_open` and `Bot Click`: each spelling is kept, staging knows them.
PROPERTIES = (
    *("$message", "$flow"),
    *("machine_open", "$machine_open", "Machine Open", "Apple Privacy Open", "apple_privacy_open"),
    *("Bot Click", "bot_click", "$bot_click"),
)


def _schema(*texts: str, **others: pa.DataType) -> pa.Schema:
    return pa.schema({**dict.fromkeys(texts, pa.string()), **others})


EVENT = _schema("id", "metric_name", "relationships__profile__data__id", "attributes__datetime")

# An event never changes and keeps its id, so that every table of events is merged on it; none is ever taken back, and
# those of a deleted profile stay, at the vendor as here.
TABLES = {
    "events": Table(
        EVENT.append(pa.field("attributes__event_properties", pa.string())), ("id",), "entities", LATE_DAYS
    ),
    # Read from the account's beginning, whatever the history asked for: the first opt-in counts, not a later one.
    "opt_in_events": Table(EVENT, ("id",), "entities", LATE_DAYS),
    # The vendor overwrites the consent and its time: every one that it has shown stays here. A deleted profile, which
    # the vendor only leaves out, and the last address of an erased one stay as well: their opt-ins go on counting.
    "profiles": Table(
        _schema(*("id", "email_key", "consent", "consent_timestamp", "attributes__created", "attributes__updated")),
        ("id", "consent", "consent_timestamp"),
        "entities",
        PROFILE_DAYS,
        emails={"email_key": "attributes__email"},
    ),
    # Only those sent since the events are asked for: of an earlier one some events would be missing.
    "campaigns": Table(
        _schema("id", "attributes__status", "attributes__send_time", "attributes__audiences__included", "messages"),
        ("id",),
        "entities",
        LATE_DAYS,
    ),
    "lists": Table(
        _schema(
            *("id", "attributes__name", "attributes__created"),
            captured_on=pa.date32(),
            captured_at=pa.timestamp("us", tz="UTC"),
            attributes__profile_count=pa.int64(),
        ),
        ("id", "captured_on"),
        "snapshots",
        AS_NOW,
    ),
}


class KlaviyoOptions(Options):
    """`follow_up_automations`: the ids of the flows that follow up a purchase.

    How many a page holds: `event_rows` events, `page_rows` profiles or campaigns, `list_rows` lists.
    """

    follow_up_automations: list[str] = Field(default_factory=list)
    event_rows: int = Field(default=MOST_EVENTS, ge=1, le=MOST_EVENTS)
    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)
    list_rows: int = Field(default=MOST_LISTS, ge=1, le=MOST_LISTS)


@dlt.source(name="klaviyo", section="klaviyo", max_table_nesting=0)
def klaviyo(
    options: KlaviyoOptions, plan: Plan, api_key: dlt.TSecretStrValue = dlt.secrets.value, base_url: str = BASE_URL
) -> Iterator[DltResource]:
    """Events and campaigns from the asked day on, profiles that changed since, lists as they are now."""
    config: RESTAPIConfig = {
        "client": client(api_key, base_url),
        "resource_defaults": {"endpoint": {"data_selector": "data"}},
        "resources": [
            *_events("events", MAIL_METRICS, options, plan, plan.since("events")),
            *_events("opt_in_events", OPT_IN_METRICS, options, plan, _since(plan, "opt_in_events")),
            _profiles(options, plan),
            dlt.resource([ARCHIVED], name="archived"),
            _campaigns(options, plan),
            *_lists(options, plan),
        ],
    }
    yield from rest_api_resources(config)


def _since(plan: Plan, table: str) -> datetime | None:
    """From when on a table is asked; None where no load has read it whole, which this one then does."""
    is_whole = plan.known_hashes.get((table, "")) == "whole"
    plan.keep_hash(table, "", "whole")
    return plan.since(table) if is_whole else None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _events(
    name: str, metrics: tuple[str, ...], options: KlaviyoOptions, plan: Plan, since: datetime | None
) -> list[EndpointResource]:
    """The events of some metrics, whose ids each account has of its own, up to the instant that the load counts as."""
    found = f"{name}_metrics"
    filters = [f'equals(metric_id,"{{resources.{found}.id}}")', f"less-or-equal(datetime,{_text(plan.as_of)})"]
    filters += [f"greater-or-equal(datetime,{_text(since)})"] if since else []
    params: Row = {
        "filter": ",".join(filters),
        "fields[event]": "datetime,event_properties" if name == "events" else "datetime",
        "include": "profile",  # a related profile is only sure to be named where it is included; its id is all of it
        "fields[profile]": "id",
        "sort": "datetime",  # newer events come last, so that one that arrives meanwhile moves no page
        "page[size]": options.event_rows,
    }
    return [
        {
            "name": found,
            "endpoint": {"path": "metrics", "params": {"fields[metric]": "name,integration"}},
            "processing_steps": [{"map": metric}, {"filter": lambda row: row["name"] in metrics}],
            "selected": False,
        },
        {
            "name": name,
            "endpoint": {"path": "events", "params": params},
            "include_from_parent": ["name"],
            "processing_steps": [{"map": lambda row: _event(row, row[f"_{found}_name"])}],
        },
    ]


def _profiles(options: KlaviyoOptions, plan: Plan) -> EndpointResource:
    since = _since(plan, "profiles")
    marketing = "subscriptions.email.marketing"
    params: Row = {
        "fields[profile]": f"email,created,updated,{marketing}.consent,{marketing}.consent_timestamp",
        "additional-fields[profile]": "subscriptions",
        "sort": "updated",  # who changes meanwhile comes again at the end
        "page[size]": options.page_rows,
    }
    if since:
        params["filter"] = f"greater-than(updated,{_text(since - timedelta(seconds=1))})"
    return {
        "name": "profiles",
        "endpoint": {"path": "profiles", "params": params},
        "processing_steps": [{"filter": lambda row: bool(inner(row, "attributes").get("email"))}, {"map": _profile}],
    }


def _campaigns(options: KlaviyoOptions, plan: Plan) -> EndpointResource:
    since = plan.since("campaigns")

    def is_asked(row: Row) -> bool:
        send_time = inner(row, "attributes").get("send_time")
        return datetime.fromisoformat(send_time) >= since if send_time else False

    params: Row = {
        "filter": "equals(messages.channel,'email'),equals(archived,{resources.archived.archived})",
        "fields[campaign]": "status,send_time,audiences.included",
        "include": "campaign-messages",
        "fields[campaign-message]": "id",
        "sort": "created_at",
        "page[size]": options.page_rows,
    }
    return {
        "name": "campaigns",
        "endpoint": {"path": "campaigns", "params": params},
        "processing_steps": [{"filter": is_asked}, {"map": _campaign}],
    }


def _lists(options: KlaviyoOptions, plan: Plan) -> list[EndpointResource]:
    """A list's size comes only with the list alone; one that is deleted meanwhile is left out."""
    captured = {"captured_on": plan.captured_on, "captured_at": plan.as_of}
    params: Row = {"fields[list]": "name,created,profile_count", "additional-fields[list]": "profile_count"}
    return [
        {
            "name": "list_ids",
            "endpoint": {"path": "lists", "params": {"fields[list]": "id", "page[size]": options.list_rows}},
            "selected": False,
        },
        {
            "name": "lists",
            "endpoint": {
                "path": "lists/{resources.list_ids.id}",
                "params": params,
                "paginator": "single_page",
                "response_actions": [{"status_code": 404, "action": "ignore"}],
            },
            "processing_steps": [{"map": lambda row: row | captured}],
        },
    ]


def _event(row: Row, metric_name: str) -> Row:
    properties = inner(row, "attributes", "event_properties")
    kept = {name: properties[name] for name in PROPERTIES if isinstance(properties.get(name), str | int | float)}
    return {**row, "metric_name": metric_name, "attributes": inner(row, "attributes") | {"event_properties": kept}}


def _profile(row: Row) -> Row:
    marketing = inner(row, "attributes", "subscriptions", "email", "marketing")
    return {**row, **{name: marketing.get(name) or "" for name in ("consent", "consent_timestamp")}}


def _campaign(row: Row) -> Row:
    related = inner(row, "relationships", "campaign-messages").get("data") or []
    return {**row, "messages": [one["id"] for one in related]}


def scopes(options: KlaviyoOptions, table: str) -> list[Scope]:
    """One API key is one account, which every table holds whole."""
    return [Scope("")]


def check(options: KlaviyoOptions) -> list[str]:
    """The account with its zone and currency, its lists, and what it lacks."""
    api_key = dlt.secrets.get("sources.klaviyo.api_key", str) or ""
    settings: Any = client(api_key, dlt.config.get("sources.klaviyo.base_url", str) or BASE_URL)
    api = RESTClient(**settings)
    account = inner(_rows(api, "accounts")[0], "attributes")
    name = inner(account, "contact_information").get("organization_name")
    lists = _rows(api, "lists", {"fields[list]": "id", "page[size]": options.list_rows})
    metrics = {metric(row)["name"] for row in _rows(api, "metrics", {"fields[metric]": "name,integration"})}
    lines = [
        f"account {name}: {len(lists)} lists, time zone {account.get('timezone')}, "
        f"currency {account.get('preferred_currency')}, API revision {REVISION}"
    ]
    lines += [f"no event is called {one} so far" for one in MAIL_METRICS if one not in metrics]
    if not metrics.intersection(OPT_IN_METRICS):
        lines.append(f"no event is called {' or '.join(OPT_IN_METRICS)} so far: opt-ins are dated by consent")
    flows = _flows(api) if options.follow_up_automations else set()
    absent = [one for one in options.follow_up_automations if one not in flows]
    return lines + [f"{one} does not exist: correct [sources.klaviyo] follow_up_automations" for one in absent]


def _rows(api: RESTClient, path: str, params: Row | None = None) -> list[Row]:
    return [row for page in api.paginate(path, params=params, data_selector="data") for row in page]


def _flows(api: RESTClient) -> set[str]:
    """The ids of all flows, also of those that were put away."""
    params = {"fields[flow]": "id", "page[size]": MOST_FLOWS}
    filters = [f"equals(archived,{state['archived']})" for state in ARCHIVED]
    return {row["id"] for one in filters for row in _rows(api, "flows", {**params, "filter": one})}


CONNECTOR = Connector(
    name="klaviyo",
    title="Klaviyo",
    tables=TABLES,
    options=KlaviyoOptions,
    source=klaviyo,
    scopes=scopes,
    check=check,
    feeds={
        "opt_ins": ("opt_in_events", "profiles"),
        "broadcasts": ("campaigns", "events"),
        "automation_messages": ("events",),
        "list_sizes": ("lists",),
    },
    secrets=("api_key",),
    advice=ADVICE,
    permissions=PERMISSIONS,
    docs_url="https://developers.klaviyo.com/en/reference/api_overview",
    api_version=REVISION,
    api_ends_on=date(2028, 10, 15),  # two years after its release
)
