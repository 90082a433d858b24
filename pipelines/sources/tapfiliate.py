"""Tapfiliate: programmes and the affiliates in them (https://tapfiliate.com/docs/rest/)."""

from typing import Any

import dlt
import pyarrow as pa
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig
from pydantic import Field

from pipelines.connector import Connector, Options, Plan, Scope, Table
from pipelines.http import session

BASE_URL = "https://api.tapfiliate.com"
PROGRAMMES_PATH = "/1.6/programs/"
AS_NOW = 1  # captured whole every time, so that who was taken out of a programme is missing from then on
WAIT_HEADER = "X-Ratelimit-Reset"  # undocumented whether seconds or an instant: the longest wait bounds both
ADVICE = "Set SOURCES__TAPFILIATE__API_KEY to the API key of Tapfiliate's account settings."

COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("program_id", "id", "created_at"), pa.string()),
    "approved": pa.bool_(),
    "captured_on": pa.date32(),
    "captured_at": pa.timestamp("us", tz="UTC"),
}

# An affiliate of two programmes is in here twice, and may be approved in one of them only.
TABLES = {"affiliates": Table(pa.schema(COLUMNS), ("program_id", "id", "captured_on"), "snapshots", AS_NOW)}


class TapfiliateOptions(Options):
    """`[sources.tapfiliate]`."""

    partner_programmes: list[str] = Field(default_factory=list, description="ids of the programmes of partners")

    def gives(self, entity: str) -> bool:
        """Partners only where the options say which programmes are theirs."""
        return entity != "partners" or bool(self.partner_programmes)


@dlt.source(name="tapfiliate", section="tapfiliate", max_table_nesting=0)
def tapfiliate(
    options: TapfiliateOptions,
    plan: Plan,
    api_key: dlt.TSecretStrValue = dlt.secrets.value,
    base_url: str = BASE_URL,
) -> list[DltResource]:
    """Every affiliate of every programme as it is now: approved, disapproved or waiting."""
    captured = {"captured_on": plan.captured_on, "captured_at": plan.as_of}
    config: RESTAPIConfig = {
        "client": {"base_url": base_url, "session": _session(api_key), "paginator": HeaderLinkPaginator()},
        "resources": [
            {"name": "programs", "endpoint": {"path": PROGRAMMES_PATH}},
            {
                "name": "affiliates",
                "endpoint": {"path": PROGRAMMES_PATH + "{resources.programs.id}/affiliates/"},
                "include_from_parent": ["id"],
                "processing_steps": [{"map": lambda row: row | captured | {"program_id": row["_programs_id"]}}],
            },
        ],
    }
    return rest_api_resources(config)


def _session(api_key: str) -> requests.Session:
    http = session("tapfiliate", ADVICE, WAIT_HEADER)
    http.headers["X-Api-Key"] = api_key
    return http


def scopes(options: TapfiliateOptions, table: str) -> list[Scope]:
    """One API key is one account, which the table holds whole."""
    return [Scope("")]


def check(options: TapfiliateOptions) -> list[str]:
    """The account's programmes, and what the options name that it does not have."""
    base_url = dlt.config.get("sources.tapfiliate.base_url", str) or BASE_URL
    http = _session(dlt.secrets.get("sources.tapfiliate.api_key", str) or "")
    pages = RESTClient(base_url, session=http, paginator=HeaderLinkPaginator()).paginate(PROGRAMMES_PATH)
    programmes: dict[str, Any] = {row["id"]: row.get("title") for page in pages for row in page}
    return [f"programme {key}, {title}" for key, title in programmes.items()] + [
        f"programme {key} does not exist: correct [sources.tapfiliate] partner_programmes"
        for key in options.partner_programmes
        if key not in programmes
    ]


CONNECTOR = Connector(
    name="tapfiliate",
    title="Tapfiliate",
    tables=TABLES,
    options=TapfiliateOptions,
    source=tapfiliate,
    scopes=scopes,
    check=check,
    feeds={"affiliates": ("affiliates",), "partners": ("affiliates",)},
    secrets=("api_key",),
    advice=ADVICE,
    docs_url="https://tapfiliate.com/docs/rest/",
    api_version="1.6",
)
