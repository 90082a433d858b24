"""The sandbox's Trustpilot: paging, filters and errors as the vendor documents them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.events import Review, World
from sandbox.server import Running, running
from sandbox.vendors.trustpilot import UNIT

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
# Of these ids the checksums say which ones were reported.
IDS = [f"rv{number}" for number in range(1, 25)]
REPORTED = {"rv2", "rv17", "rv23"}


@pytest.fixture
def trustpilot() -> Iterator[Running]:
    written = [Review(key, 1, NOW - timedelta(hours=number), 5, "Bien", None) for number, key in enumerate(IDS)]
    others = [
        Review("gone", 1, NOW - timedelta(days=2), 1, "Retiré", NOW),
        Review("soon", 1, NOW + timedelta(hours=1), 2, "Plus tard", None),
        Review("fb", 1, NOW, 2, "Ailleurs", None, "facebook"),
    ]
    with running(
        World(date(2026, 3, 1), date(2026, 3, 12), reviews=written + others), NOW, only=["trustpilot"]
    ) as sandbox:
        yield sandbox


def ask(sandbox: Running, path: str = f"{UNIT}/reviews", key: str = "sandbox-key", **query: Any) -> requests.Response:
    url = f"{sandbox.base_url}/trustpilot/v1/business-units/{path}"
    return requests.get(url, params=query, headers={"apikey": key}, timeout=5)


def ids(sandbox: Running, **query: Any) -> list[str]:
    return [one["id"] for one in ask(sandbox, **query).json()["reviews"]]


def test_twenty_come_newest_first_and_a_page_beyond_the_end_is_empty(trustpilot: Running) -> None:
    everything = {"includeReportedReviews": "true"}
    assert ids(trustpilot, **everything) == IDS[:20]
    assert ids(trustpilot, page=2, **everything) == IDS[20:]
    assert ids(trustpilot, page=3, **everything) == []
    assert ids(trustpilot, perPage=2, orderBy="createdat.asc", **everything) == IDS[:-3:-1]
    assert trustpilot.sandbox.requests.pages() == {"/business-units/{unit}/reviews": 3}


def test_an_edited_review_stays_in_its_place_with_other_stars(trustpilot: Running) -> None:
    first = trustpilot.sandbox.world.reviews[0]
    trustpilot.sandbox.world.reviews[0] = replace(first, edited_at=NOW + timedelta(days=9), edited_stars=2)
    [before] = ask(trustpilot, perPage=1).json()["reviews"]
    trustpilot.set_clock(NOW + timedelta(days=9))
    after = ask(trustpilot, perPage=2).json()["reviews"][1]  # "soon" has come
    assert [(one["id"], one["stars"], one["updatedAt"]) for one in (before, after)] == [
        ("rv1", 5, None),
        ("rv1", 2, "2026-03-21T09:00:00Z"),
    ]
    assert ask(trustpilot, UNIT).json()["numberOfReviews"]["twoStars"] == 2


def test_reported_reviews_come_only_when_asked_for(trustpilot: Running) -> None:
    assert set(IDS) - set(ids(trustpilot, perPage=100)) == REPORTED
    everything = ask(trustpilot, perPage=100, includeReportedReviews="true").json()["reviews"]
    assert {one["id"] for one in everything if one["reportData"]} == REPORTED


def test_the_clock_decides_what_is_there(trustpilot: Running) -> None:
    assert "soon" not in ids(trustpilot, perPage=100)
    trustpilot.set_clock(NOW - timedelta(seconds=1))
    assert ids(trustpilot, perPage=100)[-1] == "gone"


def test_a_review_has_the_vendors_types_and_what_must_not_be_kept(trustpilot: Running) -> None:
    [review] = ask(trustpilot, perPage=1).json()["reviews"]
    assert (review["stars"], review["createdAt"], review["isVerified"]) == (5, "2026-03-12T09:00:00Z", True)
    assert {"title", "text", "consumer", "businessUnit", "companyReply"} <= set(review)


def test_the_unit_counts_its_public_reviews(trustpilot: Running) -> None:
    unit = ask(trustpilot, UNIT).json()
    assert unit["numberOfReviews"]["total"] == unit["numberOfReviews"]["fiveStars"] == 24
    assert unit["score"] == {"stars": 5.0, "trustScore": 5.0}


@pytest.mark.parametrize(
    ("path", "key", "query", "status"),
    [
        (f"{UNIT}/reviews", "wrong", {}, 401),
        ("0000/reviews", "sandbox-key", {}, 404),
        (f"{UNIT}/reviews", "sandbox-key", {"perPage": 101}, 400),
        (f"{UNIT}/reviews", "sandbox-key", {"page": 0}, 400),
    ],
)
def test_refusals(trustpilot: Running, path: str, key: str, query: dict[str, int], status: int) -> None:
    assert ask(trustpilot, path, key, **query).status_code == status


def test_a_rate_limit_comes_without_advice(trustpilot: Running) -> None:
    trustpilot.fault("/reviews$", "429")
    answer = ask(trustpilot)
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, False)
