"""Klaviyo: profiles, lists, campaigns and the events that their e-mails cause (https://developers.klaviyo.com/en/reference).

Deliveries, opens and clicks are counted from events: the vendor's reports cannot leave out privacy proxies and bots.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dlt
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException
from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig
from pydantic import Field
from requests import Response

from pipelines.connector import Connector, Options, Plan, Scope
from pipelines.http import GONE
from pipelines.listing import Guarded, selector
from pipelines.sources.klaviyo.client import ADVICE, BASE_URL, PERMISSIONS, REVISION, Row, client, flat, inner, metric
from pipelines.sources.klaviyo.quality import MACHINE_FLAGS, Opens
from pipelines.sources.klaviyo.tables import BOT_FLAGS, MAIL_METRICS, TABLES

MOST_EVENTS, MOST_ROWS, MOST_LISTS, MOST_FLOWS = 1000, 100, 10, 50  # the vendor gives no more in one answer
ARCHIVED = [{"archived": "false"}, {"archived": "true"}]  # without a filter the vendor leaves archived things out

OPT_IN_METRICS = ("Subscribed to Email Marketing", "Subscribed to List")

# All that is kept of an event's properties; the others hold addresses, subjects and devices. The vendor documents
# `Apple Privacy Open`, its answers show `machine_open` and `Bot Click`: each spelling is kept, staging knows them.
PROPERTIES = ("$message", "$flow", *MACHINE_FLAGS, *BOT_FLAGS)


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
    opens = Opens(plan)
    config: RESTAPIConfig = {
        "client": client(api_key, base_url, plan.quota),
        "resource_defaults": {"endpoint": {"data_selector": selector("data")}},
        "resources": [
            *_events("events", MAIL_METRICS, options, plan, plan.since("events"), opens),
            *_events("opt_in_events", OPT_IN_METRICS, options, plan, _since(plan, "opt_in_events"), opens),
            _profiles(options, plan),
            dlt.resource([ARCHIVED], name="archived"),
            _campaigns(options, plan, opens),
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
    name: str, metrics: tuple[str, ...], options: KlaviyoOptions, plan: Plan, since: datetime | None, opens: Opens
) -> list[EndpointResource]:
    """The events of some metrics, whose ids each account has of its own, up to the instant that the load counts as."""
    found = f"{name}_metrics"
    until = plan.until(name)
    ends = f"less-than(datetime,{_text(until)})" if until else f"less-or-equal(datetime,{_text(plan.as_of)})"
    filters = [f'equals(metric_id,"{{resources.{found}.id}}")', ends]
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
            "processing_steps": [{"map": lambda row: opens.event(_event(row, row[f"_{found}_name"]))}],
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
        "processing_steps": [{"map": _profile}, {"filter": lambda row: row.get("attributes__email", "absent")}],
    }


def _campaigns(options: KlaviyoOptions, plan: Plan, opens: Opens) -> EndpointResource:
    since, until = plan.since("campaigns"), plan.until("campaigns") or datetime.max.replace(tzinfo=UTC)

    def is_asked(row: Row) -> bool:
        if "attributes__send_time" not in row:
            return True  # to be refused, not left out
        send_time = row["attributes__send_time"]
        return since <= datetime.fromisoformat(send_time) < until if send_time else False

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
        # of an earlier step's campaign events are read, too
        "processing_steps": [{"map": _campaign}, {"map": opens.campaign}, {"filter": is_asked}],
    }


def _lists(options: KlaviyoOptions, plan: Plan) -> list[EndpointResource]:
    """A list's size comes only with the list alone; one that is deleted meanwhile is left out."""
    captured = {"captured_on": plan.captured_on, "captured_at": plan.as_of}

    def tell_gone(response: Response) -> None:
        if response.status_code in GONE:
            list_id = response.url.partition("?")[0].rpartition("/")[2]
            plan.warn(f"klaviyo: lists: list {list_id} was deleted meanwhile; its size is not captured")
            raise IgnoreResponseException

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
                "paginator": Guarded(SinglePagePaginator(), "klaviyo", "data", is_one=True),
                "response_actions": [tell_gone],
            },
            "processing_steps": [{"map": lambda row: flat(row) | captured}],
        },
    ]


def _event(row: Row, metric_name: str) -> Row:
    found = flat(row) | {"metric_name": metric_name}
    if "attributes__event_properties" in found:
        properties = inner(row, "attributes", "event_properties")
        kept = {name: properties[name] for name in PROPERTIES if isinstance(properties.get(name), str | int | float)}
        found["attributes__event_properties"] = kept
    return found


def _profile(row: Row) -> Row:
    """A profile with its consent: '' where it has none to e-mail, absent where the vendor leaves it out."""
    marketing = inner(row, "attributes", "subscriptions", "email", "marketing")
    found = flat(row) | {"consent_timestamp": marketing.get("consent_timestamp") or ""}
    if marketing:
        return found | ({"consent": marketing["consent"] or ""} if "consent" in marketing else {})
    return found | ({"consent": ""} if "attributes__subscriptions" in found else {})


def _campaign(row: Row) -> Row:
    related = inner(row, "relationships", "campaign-messages")
    return flat(row) | ({"messages": [one["id"] for one in related["data"] or []]} if "data" in related else {})


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
    return [row for page in api.paginate(path, params=params, data_selector=selector("data")) for row in page]


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
