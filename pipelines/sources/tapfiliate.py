"""Tapfiliate: programmes and the affiliates in them (https://tapfiliate.com/docs/rest/)."""

import dlt
import pyarrow as pa
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig

from pipelines.affiliates import AS_NOW, CAPTURE, FEEDS, AffiliateOptions, captured, scopes
from pipelines.connector import Connector, Plan, Table, columns
from pipelines.http import keep_quota, session
from pipelines.listing import Guarded

BASE_URL = "https://api.tapfiliate.com"
PROGRAMMES_PATH = "/1.6/programs/"
WAIT_HEADER = "X-Ratelimit-Reset"  # said to be an instant; the longest wait bounds it if it is seconds after all
QUOTA = ("requests", "X-Ratelimit-Limit", "X-Ratelimit-Remaining")  # of a period whose length is not documented
ADVICE = "Set SOURCES__TAPFILIATE__API_KEY to the API key of Tapfiliate's account settings."

# An affiliate of two programmes is in here twice, and may be approved in one of them only.
TABLES = {
    "affiliates": Table(
        columns("program_id", "id", "created_at", approved=pa.bool_(), **CAPTURE),
        ("program_id", "id", "captured_on"),
        "snapshots",
        AS_NOW,
        required=("approved",),
        listed_by="captured_on",
    )
}


class TapfiliateOptions(AffiliateOptions):
    """`[sources.tapfiliate]`."""


@dlt.source(name="tapfiliate", section="tapfiliate", max_table_nesting=0)
def tapfiliate(
    options: TapfiliateOptions,
    plan: Plan,
    api_key: dlt.TSecretStrValue = dlt.secrets.value,
    base_url: str = BASE_URL,
) -> list[DltResource]:
    """Every affiliate of every programme as it is now: approved, disapproved or waiting."""
    config: RESTAPIConfig = {
        "client": {"base_url": base_url, "session": _session(api_key), "paginator": _pages()},
        "resource_defaults": {"endpoint": {"response_actions": [keep_quota(plan, *QUOTA)]}},
        "resources": [
            {"name": "programs", "endpoint": {"path": PROGRAMMES_PATH}},
            {
                "name": "affiliates",
                "endpoint": {"path": PROGRAMMES_PATH + "{resources.programs.id}/affiliates/"},
                "include_from_parent": ["id"],
                "processing_steps": [{"map": lambda row: row | captured(plan) | {"program_id": row["_programs_id"]}}],
            },
        ],
    }
    return rest_api_resources(config)


def _session(api_key: str) -> requests.Session:
    http = session("tapfiliate", ADVICE, WAIT_HEADER)
    http.headers["X-Api-Key"] = api_key
    return http


def _pages() -> Guarded:
    return Guarded(HeaderLinkPaginator(), "tapfiliate")


def check(options: TapfiliateOptions) -> list[str]:
    """The account's programmes, and what the options name that it does not have."""
    base_url = dlt.config.get("sources.tapfiliate.base_url", str) or BASE_URL
    http = _session(dlt.secrets.get("sources.tapfiliate.api_key", str) or "")
    pages = RESTClient(base_url, session=http, paginator=_pages()).paginate(PROGRAMMES_PATH)
    return options.told("tapfiliate", "programme", pages, "title")


CONNECTOR = Connector(
    name="tapfiliate",
    title="Tapfiliate",
    tables=TABLES,
    options=TapfiliateOptions,
    source=tapfiliate,
    scopes=scopes,
    check=check,
    feeds=FEEDS,
    secrets=("api_key",),
    advice=ADVICE,
    docs_url="https://tapfiliate.com/docs/rest/",
    api_version="1.6",
)
