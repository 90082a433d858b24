"""Zendesk Support: tickets and what their requesters answered on them (https://developer.zendesk.com/api-reference/)."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.auth import HttpBasicAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException
from dlt.sources.helpers.rest_client.paginators import BaseReferencePaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig
from pydantic import Field

from pipelines.connector import AccessRefused, Connector, Options, Plan, Scope, Table
from pipelines.http import session

# The export leaves out what changed in the last minute, and a change while pages are read may be missed. A deletion
# (spam is one) is a change like any other and comes with the status "deleted"; most happen within days.
TICKET_DAYS = 7
# Offers are listed by the day they were made. An answer can come or change until its ticket is closed, at the latest
# 28 days after it was solved, or until its survey expires; the offer itself follows some days after the ticket.
RATING_DAYS = 35
YOUNGEST_START = timedelta(minutes=2)  # the export refuses to start within the last minute

MERGED_TAG = "closed_by_merge"  # what the vendor puts on a ticket that went into another one
MOST_TICKETS, MOST_RATINGS = 1000, 100  # in one page
ME, EXPORT = "/api/v2/users/me.json", "/api/v2/incremental/tickets/cursor.json"
# Only one of the two is active in an account; after a switch the other is refused, or keeps its old answers.
RATINGS = {  # table → path, and the filter that says since when
    "satisfaction_ratings": ("/api/v2/satisfaction_ratings.json", "start_time"),
    # The filter's unit is not documented, seconds or milliseconds: seconds never ask for too little.
    "survey_responses": ("/api/v2/guide/survey_responses", "filter[created_at_start]"),
}
ADVICE = (
    "Create an API token in Zendesk's Admin Center (Apps and integrations > APIs > API tokens), set "
    "SOURCES__ZENDESK__API_TOKEN to it, and [sources.zendesk] email to the address of an administrator."
)

Row = dict[str, Any]


def _schema(*texts: str, **others: pa.DataType) -> pa.Schema:
    return pa.schema({**dict.fromkeys(texts, pa.string()), **others})


TABLES = {
    # No requester, subject or description: none of them feeds a KPI.
    "tickets": Table(
        _schema("created_at", "updated_at", "status", "via__channel", id=pa.int64(), is_merged=pa.bool_()),
        ("id",),
        "entities",
        TICKET_DAYS,
        newest_by="updated_at",
    ),
    "satisfaction_ratings": Table(
        _schema("score", "created_at", "updated_at", id=pa.int64(), ticket_id=pa.int64()),
        ("id",),
        "entities",
        RATING_DAYS,
        newest_by="updated_at",
    ),
    "survey_responses": Table(
        _schema(
            *("id", "subject_zrns", "answer__rating_category", "answer__created_at", "answer__updated_at"),
            answer__rating=pa.float64(),
        ),
        ("id",),
        "entities",
        RATING_DAYS,
    ),
}


class ZendeskOptions(Options):
    """`subdomain`: of <subdomain>.zendesk.com. `email`: of the administrator in whose name the API token is used.

    `ratings`: whether customers are asked to rate tickets. `page_rows`, `rating_rows`: what a page holds.
    """

    subdomain: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    email: str
    ratings: bool = True
    page_rows: int = Field(default=MOST_TICKETS, ge=1, le=MOST_TICKETS)
    rating_rows: int = Field(default=MOST_RATINGS, ge=1, le=MOST_RATINGS)

    def gives(self, entity: str) -> bool:
        """Tickets always; answers where customers are asked."""
        return self.ratings or entity != "csat_answers"


class Absent(IgnoreResponseException):
    """The account does not have this list, or the token's agent may not see it."""


class Cursor(BaseReferencePaginator):
    """Goes on at the cursor that `found` reads from an answer; the cursor stands for `instead_of` as well."""

    def __init__(self, param: str, found: Callable[[Row], str | None], instead_of: str = "") -> None:
        super().__init__()
        self.param, self.found, self.instead_of = param, found, instead_of

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Where the next page begins; a cursor that does not move is the end."""
        cursor = self.found(response.json())
        self._next_reference = None if cursor == self._next_reference else cursor

    def update_request(self, request: requests.Request) -> None:
        """Ask for the next page."""
        kept = {name: value for name, value in request.params.items() if name != self.instead_of}
        request.params = kept | {self.param: self._next_reference}


def _export_cursor(answer: Row) -> str | None:
    """An export names its next cursor even where nothing follows yet."""
    return None if answer.get("end_of_stream") else answer.get("after_cursor")


def _list_cursor(answer: Row) -> str | None:
    meta = answer.get("meta") or {}
    return meta.get("after_cursor") if meta.get("has_more") else None


@dlt.source(name="zendesk", section="zendesk", max_table_nesting=0)
def zendesk(
    options: ZendeskOptions, plan: Plan, api_token: dlt.TSecretStrValue = dlt.secrets.value, base_url: str = ""
) -> Iterable[DltResource]:
    """Tickets that changed since the asked day; ratings and surveys that were offered since."""
    tickets: EndpointResource = {
        "name": "tickets",
        "endpoint": {
            "path": EXPORT,
            "params": {
                "start_time": _unix(min(plan.since("tickets"), plan.as_of - YOUNGEST_START)),
                "per_page": options.page_rows,
            },
            "data_selector": "tickets",
            "paginator": Cursor("cursor", _export_cursor, instead_of="start_time"),
        },
        "processing_steps": [{"map": _ticket}],
    }
    absent: set[str] = set()
    config: RESTAPIConfig = {
        "client": {
            "base_url": _address(options, base_url),
            "auth": _auth(options, api_token),
            "session": session("zendesk", ADVICE),
        },
        "resources": [tickets, *(_ratings(table, options, plan, absent) for table in RATINGS if options.ratings)],
    }
    return rest_api_resources(config)


def _ratings(table: str, options: ZendeskOptions, plan: Plan, absent: set[str]) -> EndpointResource:
    """One kind of ratings, which may be absent; without both, none can be known."""
    path, since = RATINGS[table]

    def skip(response: requests.Response) -> None:
        if _is_absent(response):
            absent.add(table)
            if absent == set(RATINGS):
                _give_up(plan)
            raise Absent

    return {
        "name": table,
        "endpoint": {
            "path": path,
            "params": {since: _unix(plan.since(table)), "page[size]": options.rating_rows},
            "data_selector": table,
            "paginator": Cursor("page[after]", _list_cursor),
            "response_actions": [skip],
        },
        "processing_steps": [{"map": _answer}],
    }


def _is_absent(response: requests.Response) -> bool:
    """Not there, or refused in the vendor's own words; a refusal without any comes from before it, and passes."""
    is_refused = response.status_code == 403 and "json" in response.headers.get("Content-Type", "")
    return response.status_code == 404 or is_refused


def _give_up(plan: Plan) -> None:
    reason = "zendesk: neither satisfaction ratings nor CSAT survey responses may be read"
    for table in RATINGS:
        plan.fail(table, "", reason)
    plan.warn(f"{reason}; {ADVICE} If customers are not asked, set ratings = false there.")


def _address(options: ZendeskOptions, base_url: str) -> str:
    return base_url or f"https://{options.subdomain}.zendesk.com"


def _auth(options: ZendeskOptions, api_token: str) -> HttpBasicAuth:
    if not api_token:
        raise AccessRefused(f"zendesk: there is no API token. {ADVICE}")
    return HttpBasicAuth(f"{options.email}/token", api_token)


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _ticket(row: Row) -> Row:
    """A ticket with the one thing that its tags decide: tags are free text and may name people, so they stay out."""
    return {**row, "is_merged": MERGED_TAG in (row.get("tags") or ())}


def _answer(row: Row) -> Row:
    """A survey's response with its rating beside; its other answers are the customer's own words."""
    rated = [one for one in row.get("answers") or () if one.get("type") == "rating_scale"]
    overall = [one for one in rated if (one.get("question") or {}).get("sub_type") == "customer_satisfaction"]
    return {**row, "answer": next(iter(overall or rated), None)}


def scopes(options: ZendeskOptions, table: str) -> list[Scope]:
    """One subdomain is one account, which every table holds whole."""
    return [Scope("")] if options.ratings or table not in RATINGS else []


def check(options: ZendeskOptions) -> list[str]:
    """Whether the token's agent may export tickets, and which kind of ratings the account has."""
    api_token = dlt.secrets.get("sources.zendesk.api_token", str) or ""
    address = _address(options, dlt.config.get("sources.zendesk.base_url", str) or "")
    client = RESTClient(address, auth=_auth(options, api_token), session=session("zendesk", ADVICE))
    role = client.get(ME).json()["user"].get("role")
    if role != "admin":  # an unknown address is answered as an anonymous end user
        raise AccessRefused(f"zendesk: the token's agent is {role}, not an administrator. {ADVICE}")
    lines = [f"account {options.subdomain}: read as an administrator"]
    if options.ratings:
        found = [table for table, (path, _) in RATINGS.items() if _is_there(client, path)]
        lines.append(f"ratings: {', '.join(found) or 'none; set [sources.zendesk] ratings = false'}")
    return lines


def _is_there(client: RESTClient, path: str) -> bool:
    def refuse_absent(response: requests.Response, *_: Any, **__: Any) -> None:
        if _is_absent(response):
            raise Absent

    try:
        client.get(path, params={"page[size]": 1}, hooks={"response": [refuse_absent]})
    except Absent:
        return False
    return True


CONNECTOR = Connector(
    name="zendesk",
    title="Zendesk",
    tables=TABLES,
    options=ZendeskOptions,
    source=zendesk,
    scopes=scopes,
    check=check,
    feeds={"tickets": ("tickets",), "csat_answers": ("satisfaction_ratings", "survey_responses")},
    secrets=("api_token",),
    advice=ADVICE,
    permissions=("administrator",),
    docs_url="https://developer.zendesk.com/api-reference/",
    api_version="v2",
)
