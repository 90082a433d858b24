"""The Google Analytics vendor over REST: its answers against Google's own description of the API."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from sandbox.server import Running, running
from sandbox.world import generate

CONTRACT = Path(__file__).parents[3] / "shared" / "contracts" / "google_analytics" / "analyticsdata.v1beta.json"
FIRST_DAY, LAST_DAY = date(2026, 3, 1), date(2026, 3, 20)
NOW = datetime(2026, 3, 21, 6, tzinfo=UTC)
TOKEN = "sandbox-token"
PROPERTY = "/google_analytics/v1beta/properties/111111111"
RANGE = [{"startDate": "2026-03-01", "endDate": "2026-03-20"}]


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running(
        generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=0.3), NOW, only=["google_analytics"]
    ) as sandbox:
        yield sandbox


def ask(served: Running, method: str, body: dict[str, Any], token: str = TOKEN) -> requests.Response:
    return requests.post(
        f"{served.base_url}{PROPERTY}:{method}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


def schema(name: str) -> dict[str, Any]:
    """Google's description of one message as a JSON schema: unknown fields refused, int64 as text."""
    if not CONTRACT.exists():
        pytest.skip(f"{CONTRACT} is not here")
    described = json.loads(CONTRACT.read_text(encoding="utf-8"))["schemas"]
    return {"$ref": f"#/$defs/{name}", "$defs": {key: _strict(value) for key, value in described.items()}}


def _strict(described: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in described:
        return {"$ref": f"#/$defs/{described['$ref']}"}
    kind = described.get("type")
    if kind == "object":
        fields = {name: _strict(value) for name, value in described.get("properties", {}).items()}
        return {"type": "object", "properties": fields, "additionalProperties": False}
    if kind == "array":
        return {"type": "array", "items": _strict(described["items"])}
    return {"type": kind} | ({"enum": described["enum"]} if "enum" in described else {})


@pytest.mark.parametrize(
    "body",
    [
        {"dimensions": [{"name": "date"}], "metrics": [{"name": "sessions"}, {"name": "averageSessionDuration"}]},
        {"metrics": [{"name": "totalUsers"}], "returnPropertyQuota": True},
        {"dimensions": [{"name": "sessionCampaignName"}], "metrics": [{"name": "advertiserAdCost"}], "limit": "1"},
    ],
)
def test_a_report_is_what_google_describes(served: Running, body: dict[str, Any]) -> None:
    answer = ask(served, "runReport", body | {"dateRanges": RANGE})
    assert answer.status_code == 200
    jsonschema.validate(answer.json(), schema("RunReportResponse"))
    assert all(isinstance(value["value"], str) for row in answer.json()["rows"] for value in row["metricValues"])


def test_a_batch_is_what_google_describes(served: Running) -> None:
    one = {"metrics": [{"name": "sessions"}], "dateRanges": [*RANGE, *RANGE]}
    answer = ask(served, "batchRunReports", {"requests": [one, one]}).json()
    jsonschema.validate(answer, schema("BatchRunReportsResponse"))
    assert [row["dimensionValues"][0]["value"] for row in answer["reports"][0]["rows"]] == [
        "date_range_0",
        "date_range_1",
    ]


def test_metadata_is_what_google_describes(served: Running) -> None:
    answer = requests.get(
        f"{served.base_url}{PROPERTY}/metadata", headers={"Authorization": "Bearer sandbox-token"}, timeout=30
    )
    jsonschema.validate(answer.json(), schema("Metadata"))


def test_an_empty_report_has_no_rows(served: Running) -> None:
    empty = [{"startDate": "2020-01-01", "endDate": "2020-01-02"}]
    answer = ask(served, "runReport", {"metrics": [{"name": "sessions"}], "dateRanges": empty}).json()
    assert "rows" not in answer


def test_pages_meet_every_row_once(served: Running) -> None:
    body = {"dimensions": [{"name": "date"}, {"name": "sessionSource"}], "metrics": [{"name": "sessions"}]}
    whole = ask(served, "runReport", body | {"dateRanges": RANGE}).json()
    paged: list[Any] = []
    while len(paged) < whole["rowCount"]:
        page = {"dateRanges": RANGE, "limit": 7, "offset": str(len(paged))}
        paged += ask(served, "runReport", body | page).json()["rows"]
    assert paged == whole["rows"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"metrics": [{"name": "visits"}]}, "Field visits is not a valid metric"),
        ({"metrics": [{"name": "advertiserAdCost"}]}, "Please add sessionCampaignName"),
        ({"metrics": [{"name": "addToCarts"}], "dimensions": [{"name": "itemName"}]}, "Please remove addToCarts"),
    ],
)
def test_wrong_requests_are_refused_in_googles_words(served: Running, body: dict[str, Any], message: str) -> None:
    answer = ask(served, "runReport", body | {"dateRanges": RANGE})
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert answer.json()["error"]["message"].startswith(message)


def test_a_wrong_token_is_refused(served: Running) -> None:
    answer = ask(served, "runReport", {"metrics": [{"name": "sessions"}], "dateRanges": RANGE}, token="wrong")
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
