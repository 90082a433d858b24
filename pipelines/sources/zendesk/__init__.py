"""Zendesk Support: tickets and what their requesters answered on them (https://developer.zendesk.com/api-reference/)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import dlt
import pyarrow as pa
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig
from pydantic import Field

from pipelines.connector import AccessRefused, Connector, Options, Plan, Scope, Table, columns
from pipelines.http import keep_quota
from pipelines.listing import selector
from pipelines.rows import SchemaDrift
from pipelines.sources.zendesk import ratings
from pipelines.sources.zendesk.client import (
    ADVICE,
    QUOTA,
    Absent,
    Row,
    address,
    auth,
    exported,
    http,
    is_absent,
)
from pipelines.sources.zendesk.ratings import LISTS, MOST_RATINGS, Answers

# The export tells every change, however old the ticket: a deletion (spam is one) comes with the status "deleted", also
# after the ticket's words are scrubbed. It leaves out the last minute, and may miss a change while its pages are read.
TICKET_DAYS = 7
YOUNGEST_START = timedelta(minutes=2)  # the export refuses to start within the last minute

MERGED_TAG = "closed_by_merge"  # what the vendor puts on a ticket that went into another one
# A status of the account's own making stands for one of these.
STATUSES = frozenset({"new", "open", "pending", "hold", "solved", "closed", "deleted"})
MOST_TICKETS = 1000  # in one page
ME, EXPORT = "/api/v2/users/me.json", "/api/v2/incremental/tickets/cursor.json"

TABLES = {
    # No requester, subject or description: none of them feeds a KPI. No row is deleted, since the export holds deleted
    # tickets too.
    "tickets": Table(
        columns(
            *("created_at", "updated_at", "status", "via__channel"),
            id=pa.int64(),
            generated_timestamp=pa.int64(),
            is_merged=pa.bool_(),
        ),
        ("id",),
        "entities",
        TICKET_DAYS,
        newest_by="generated_timestamp",  # updated_at does not tell what the vendor changes by itself
        required=("created_at", "status", "generated_timestamp", "is_merged"),
        enums={"status": STATUSES},
        dated_by=("created_at",),
    ),
    **ratings.TABLES,
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


@dlt.source(name="zendesk", section="zendesk", max_table_nesting=0)
def zendesk(
    options: ZendeskOptions, plan: Plan, api_token: dlt.TSecretStrValue = dlt.secrets.value, base_url: str = ""
) -> Iterable[DltResource]:
    """Tickets that changed since the asked day; ratings and surveys that were offered since."""
    since = min(plan.since("tickets"), plan.as_of - YOUNGEST_START)
    tickets: EndpointResource = {
        "name": "tickets",
        "endpoint": {
            "path": EXPORT,
            "params": {"start_time": int(since.timestamp()), "per_page": options.page_rows},
            "data_selector": selector("tickets"),
            "paginator": exported("tickets"),
            "response_actions": [keep_quota(plan, *QUOTA)],
        },
        "processing_steps": [{"map": _ticket}],
    }
    config: RESTAPIConfig = {
        "client": {
            "base_url": address(options.subdomain, base_url),
            "auth": auth(options.email, api_token),
            "session": http(),
        },
        "resources": [tickets, *(Answers(plan).resources(options.rating_rows) if options.ratings else [])],
    }
    return rest_api_resources(config)


def _ticket(row: Row) -> Row:
    """A ticket with the one thing that its tags decide: tags are free text and may name people, so they stay out."""
    if "tags" not in row:
        return row
    tags = row["tags"] or []
    if not isinstance(tags, list):
        raise SchemaDrift(
            f"zendesk: tickets: the tags of ticket {row.get('id')} are a {type(tags).__name__}, not a list, so whether "
            "it was merged into another is not known; nothing of tickets was loaded. Upgrade Parcours, or report it."
        )
    return row | {"is_merged": MERGED_TAG in tags}


def scopes(options: ZendeskOptions, table: str) -> list[Scope]:
    """One subdomain is one account, which every table holds whole."""
    return [Scope("")] if options.ratings or table not in LISTS else []


def check(options: ZendeskOptions) -> list[str]:
    """Whether the token's agent may export tickets, and which kind of ratings the account has."""
    api_token = dlt.secrets.get("sources.zendesk.api_token", str) or ""
    base_url = address(options.subdomain, dlt.config.get("sources.zendesk.base_url", str) or "")
    client = RESTClient(base_url, auth=auth(options.email, api_token), session=http())
    role = client.get(ME).json()["user"].get("role")
    if role != "admin":  # an unknown address is answered as an anonymous end user
        raise AccessRefused(f"zendesk: the token's agent is {role}, not an administrator. {ADVICE}")
    lines = [f"account {options.subdomain}: read as an administrator"]
    if options.ratings:
        found = [table for table, (path, _) in LISTS.items() if _is_there(client, path)]
        lines.append(f"ratings: {', '.join(found) or 'none; set [sources.zendesk] ratings = false'}")
    return lines


def _is_there(client: RESTClient, path: str) -> bool:
    def refuse_absent(response: requests.Response, *_: Any, **__: Any) -> None:
        if is_absent(response):
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
