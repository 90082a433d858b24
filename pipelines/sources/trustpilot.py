"""Trustpilot: the public reviews of a business unit (https://developers.trustpilot.com/business-units-api)."""

from itertools import count
from typing import Any

import dlt
import pyarrow as pa
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig
from pydantic import Field

from pipelines.connector import Connector, ConnectorError, Options, Plan, Scope, Table, columns
from pipelines.http import session
from pipelines.listing import Guarded, selector

BASE_URL = "https://api.trustpilot.com"
MOST_ROWS = 100  # of a page; every call counts against the vendor's yearly allowance
MOST_REVIEWS = 100_000  # of a business unit: the vendor lists no more
AS_NOW = 1  # listed whole every time, so that a removed review vanishes here
ADVICE = (
    "Set SOURCES__TRUSTPILOT__API_KEY to the API key of an application of your Trustpilot account (Integrations > "
    "Developers > APIs); the plan must include the API."
)

TABLES = {
    # Titles, texts, consumers and locations stay at the vendor. A listed review counts, whatever its status says.
    "reviews": Table(
        columns(
            *("business_unit", "id", "created_at", "updated_at", "language", "status"),
            stars=pa.int64(),
            is_verified=pa.bool_(),
        ),
        ("business_unit", "id"),
        "slices",
        AS_NOW,
        ("business_unit",),
        required=("created_at", "stars"),
        dated_by=("created_at",),
    )
}


class TrustpilotOptions(Options):
    """`[sources.trustpilot]`."""

    business_unit: str = Field(pattern="^[0-9A-Za-z]+$", description="id of the business unit")
    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="reviews asked for per page")


@dlt.source(name="trustpilot", section="trustpilot", max_table_nesting=0)
def trustpilot(
    options: TrustpilotOptions,
    plan: Plan,
    api_key: dlt.TSecretStrValue = dlt.secrets.value,
    base_url: str = BASE_URL,
) -> list[DltResource]:
    """Every review that is public now, newest first: one that comes meanwhile repeats another and skips none."""
    unit, numbers = options.business_unit, count(1)

    def keep(row: dict[str, Any]) -> dict[str, Any]:
        if next(numbers) == MOST_REVIEWS:
            plan.caveat("reviews", unit, "truncated", f"Trustpilot lists the newest {MOST_REVIEWS} reviews only")
        return row | {"business_unit": unit}

    params: dict[str, Any] = {
        "perPage": options.page_rows,
        "orderBy": "createdat.desc",
        "includeReportedReviews": "true",  # reported is not removed
    }
    config: RESTAPIConfig = {
        "client": {"base_url": base_url, "session": _session(api_key)},
        "resources": [
            {
                "name": "reviews",
                "endpoint": {
                    "path": f"/v1/business-units/{unit}/reviews",
                    "params": params,
                    "data_selector": selector("reviews"),
                    # A page after the last one is documented to be empty.
                    "paginator": Guarded(
                        PageNumberPaginator(base_page=1, total_path=None),
                        "trustpilot",
                        "reviews",
                        size=options.page_rows,
                    ),
                },
                "processing_steps": [{"map": keep}],
            }
        ],
    }
    return rest_api_resources(config)


def _session(api_key: str) -> requests.Session:
    http = session("trustpilot", ADVICE)
    http.headers["apikey"] = api_key
    return http


def scopes(options: TrustpilotOptions, table: str) -> list[Scope]:
    """The business unit."""
    return [Scope(options.business_unit)]


def check(options: TrustpilotOptions) -> list[str]:
    """The unit's name, number of reviews and score."""
    base_url = dlt.config.get("sources.trustpilot.base_url", str) or BASE_URL
    http = _session(dlt.secrets.get("sources.trustpilot.api_key", str) or "")
    url = f"{base_url}/v1/business-units/{options.business_unit}"
    unit = http.get(url, hooks={"response": _refuse_unknown}).json()
    total = (unit.get("numberOfReviews") or {}).get("total") or 0
    score = (unit.get("score") or {}).get("trustScore")
    lines = [f"business unit {unit.get('displayName')}: {total} reviews, TrustScore {score}"]
    if total > MOST_REVIEWS:
        lines.append(f"Trustpilot lists the newest {MOST_REVIEWS} reviews only: older ones are missing")
    return lines


def _refuse_unknown(response: requests.Response, *_: Any, **__: Any) -> None:
    if response.status_code == requests.codes.not_found:
        raise ConnectorError("trustpilot: there is no such business unit: correct [sources.trustpilot] business_unit")


CONNECTOR = Connector(
    name="trustpilot",
    title="Trustpilot",
    tables=TABLES,
    options=TrustpilotOptions,
    source=trustpilot,
    scopes=scopes,
    check=check,
    feeds={"reviews": ("reviews",)},
    secrets=("api_key",),
    advice=ADVICE,
    docs_url="https://developers.trustpilot.com/business-units-api",
    api_version="v1",
)
