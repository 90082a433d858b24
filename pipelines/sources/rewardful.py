"""Rewardful: affiliates and their campaigns (https://developers.rewardful.com/rest-api/overview)."""

from typing import Any

import dlt
import pyarrow as pa
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig
from pydantic import Field

from pipelines.connector import Connector, Options, Plan, Scope, Table
from pipelines.http import session

BASE_URL = "https://api.getrewardful.com"
MOST_ROWS = 100  # of a page
AS_NOW = 1  # captured whole every time, so that a deleted affiliate is missing from then on
WAIT_HEADER = "RateLimit-Reset"  # seconds: 45 calls in 30 seconds are let through
ADVICE = "Set SOURCES__REWARDFUL__SECRET to the API Secret of Rewardful's Company Settings page."

COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("id", "state", "created_at", "campaign__id"), pa.string()),
    "captured_on": pa.date32(),
    "captured_at": pa.timestamp("us", tz="UTC"),
}

TABLES = {"affiliates": Table(pa.schema(COLUMNS), ("id", "captured_on"), "snapshots", AS_NOW)}


class RewardfulOptions(Options):
    """`[sources.rewardful]`."""

    partner_programmes: list[str] = Field(default_factory=list, description="ids of the campaigns of partners")
    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="affiliates asked for per page")

    def gives(self, entity: str) -> bool:
        """Partners only where the options say which campaigns are theirs."""
        return entity != "partners" or bool(self.partner_programmes)


@dlt.source(name="rewardful", section="rewardful", max_table_nesting=0)
def rewardful(
    options: RewardfulOptions,
    plan: Plan,
    secret: dlt.TSecretStrValue = dlt.secrets.value,
    base_url: str = BASE_URL,
) -> list[DltResource]:
    """Every affiliate as it is now, in whatever state."""
    captured = {"captured_on": plan.captured_on, "captured_at": plan.as_of}
    config: RESTAPIConfig = {
        "client": {"base_url": base_url, "session": _session(secret), "paginator": _pages()},
        "resources": [
            {
                "name": "affiliates",
                "endpoint": {
                    "path": "/v1/affiliates",
                    "params": {"limit": options.page_rows, "expand[]": "campaign"},
                    "data_selector": "data",
                },
                "processing_steps": [{"map": lambda row: row | captured}],
            }
        ],
    }
    return rest_api_resources(config)


def _session(secret: str) -> requests.Session:
    http = session("rewardful", ADVICE, WAIT_HEADER)
    http.auth = (secret, "")
    return http


def _pages() -> PageNumberPaginator:
    """Pages up to an empty one: the answer's own count of pages is not documented."""
    return PageNumberPaginator(base_page=1, total_path=None)


def scopes(options: RewardfulOptions, table: str) -> list[Scope]:
    """One API secret is one company, which the table holds whole."""
    return [Scope("")]


def check(options: RewardfulOptions) -> list[str]:
    """The company's campaigns, and what the options name that it does not have."""
    base_url = dlt.config.get("sources.rewardful.base_url", str) or BASE_URL
    http = _session(dlt.secrets.get("sources.rewardful.secret", str) or "")
    client = RESTClient(base_url, session=http, paginator=_pages())
    pages = client.paginate("/v1/campaigns", params={"limit": MOST_ROWS}, data_selector="data")
    campaigns: dict[str, Any] = {row["id"]: row.get("name") for page in pages for row in page}
    return [f"campaign {key}, {name}" for key, name in campaigns.items()] + [
        f"campaign {key} does not exist: correct [sources.rewardful] partner_programmes"
        for key in options.partner_programmes
        if key not in campaigns
    ]


CONNECTOR = Connector(
    name="rewardful",
    title="Rewardful",
    tables=TABLES,
    options=RewardfulOptions,
    source=rewardful,
    scopes=scopes,
    check=check,
    feeds={"affiliates": ("affiliates",), "partners": ("affiliates",)},
    secrets=("secret",),
    advice=ADVICE,
    docs_url="https://developers.rewardful.com/rest-api/overview",
    api_version="v1",
)
