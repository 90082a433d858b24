"""Rewardful: affiliates and their campaigns (https://developers.rewardful.com/rest-api/overview)."""

import dlt
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig
from pydantic import Field

from pipelines.affiliates import AS_NOW, CAPTURE, FEEDS, AffiliateOptions, captured, scopes
from pipelines.connector import Connector, Plan, Table, columns
from pipelines.http import session
from pipelines.listing import Guarded, selector

BASE_URL = "https://api.getrewardful.com"
MOST_ROWS = 100  # of a page
# 45 calls in 30 seconds are let through; only an answer that refuses one more says how many are left.
WAIT_HEADER = "RateLimit-Reset"  # seconds
ADVICE = "Set SOURCES__REWARDFUL__SECRET to the API Secret of Rewardful's Company Settings page."

TABLES = {
    "affiliates": Table(
        columns("id", "state", "created_at", "campaign__id", **CAPTURE),
        ("id", "captured_on"),
        "snapshots",
        AS_NOW,
        required=("state", "campaign__id"),
        listed_by="captured_on",
        enums={"state": frozenset({"active", "disabled", "suspicious"})},
    )
}


class RewardfulOptions(AffiliateOptions):
    """`[sources.rewardful]`. Its programmes are called campaigns."""

    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="affiliates asked for per page")


@dlt.source(name="rewardful", section="rewardful", max_table_nesting=0)
def rewardful(
    options: RewardfulOptions,
    plan: Plan,
    secret: dlt.TSecretStrValue = dlt.secrets.value,
    base_url: str = BASE_URL,
) -> list[DltResource]:
    """Every affiliate as it is now, in whatever state."""
    config: RESTAPIConfig = {
        "client": {"base_url": base_url, "session": _session(secret), "paginator": _pages(options.page_rows)},
        "resources": [
            {
                "name": "affiliates",
                "endpoint": {
                    "path": "/v1/affiliates",
                    "params": {"limit": options.page_rows, "expand[]": "campaign"},
                    "data_selector": selector("data"),
                },
                "processing_steps": [{"map": lambda row: row | captured(plan)}],
            }
        ],
    }
    return rest_api_resources(config)


def _session(secret: str) -> requests.Session:
    http = session("rewardful", ADVICE, WAIT_HEADER)
    http.auth = (secret, "")
    return http


def _pages(rows: int) -> Guarded:
    """Pages up to an empty one; the answer's own counts are not documented, and are held against it where they come."""
    pages = PageNumberPaginator(base_page=1, total_path=None)
    return Guarded(pages, "rewardful", "data", total="pagination.total_count", size=rows)


def check(options: RewardfulOptions) -> list[str]:
    """The company's campaigns, and what the options name that it does not have."""
    base_url = dlt.config.get("sources.rewardful.base_url", str) or BASE_URL
    http = _session(dlt.secrets.get("sources.rewardful.secret", str) or "")
    client = RESTClient(base_url, session=http, paginator=_pages(MOST_ROWS))
    pages = client.paginate("/v1/campaigns", params={"limit": MOST_ROWS}, data_selector=selector("data"))
    return options.told("rewardful", "campaign", pages, "name")


CONNECTOR = Connector(
    name="rewardful",
    title="Rewardful",
    tables=TABLES,
    options=RewardfulOptions,
    source=rewardful,
    scopes=scopes,
    check=check,
    feeds=FEEDS,
    secrets=("secret",),
    advice=ADVICE,
    docs_url="https://developers.rewardful.com/rest-api/overview",
    api_version="v1",
)
