"""The sandbox's Rewardful: paging, states and errors as the vendor documents them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.events import Affiliate, World
from sandbox.server import Running, running

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def rewardful() -> Iterator[Running]:
    affiliates = [
        *(Affiliate(f"af{one:02}", "affiliate", 1, "a@mail.example", NOW - one * DAY, None) for one in range(30)),
        Affiliate("left", "affiliate", 2, "b@mail.example", NOW - 40 * DAY, NOW),
        Affiliate("late", "affiliate", 2, "b@mail.example", NOW + DAY, None),
        Affiliate("gone", "affiliate", 2, "b@mail.example", NOW - 50 * DAY, None, NOW),
        Affiliate("pa", "partner", 3, "c@mail.example", NOW - DAY, None),
    ]
    with running(World(date(2026, 1, 1), date(2026, 3, 12), affiliates=affiliates), NOW, only=["rewardful"]) as sandbox:
        yield sandbox


def ask(
    sandbox: Running, path: str = "affiliates", user: str = "sandbox-secret", password: str = "", **query: Any
) -> requests.Response:
    url = f"{sandbox.base_url}/rewardful/v1/{path}"
    return requests.get(url, params=query, auth=(user, password), timeout=5)


def test_twenty_five_come_newest_first_and_the_pagination_says_how_many(rewardful: Running) -> None:
    first = ask(rewardful).json()
    assert [one["id"] for one in first["data"]] == [f"af{number:02}" for number in range(25)]
    assert first["pagination"] == {
        "previous_page": None, "current_page": 1, "next_page": 2, "count": 25, "limit": 25, "total_pages": 2,
        "total_count": 31,
    }  # fmt: skip
    second = ask(rewardful, page=2).json()
    assert (len(second["data"]), second["pagination"]["next_page"]) == (6, None)
    assert ask(rewardful, page=3).json()["data"] == []
    assert len(ask(rewardful, limit=1000).json()["data"]) == 31
    assert rewardful.sandbox.requests.pages() == {"/affiliates": 3}


def test_a_campaign_comes_only_when_it_is_expanded(rewardful: Running) -> None:
    assert "campaign" not in ask(rewardful, limit=1).json()["data"][0]
    [one] = ask(rewardful, limit=1, **{"expand[]": "campaign"}).json()["data"]
    assert one["campaign"]["id"] == "rw-affiliates"
    assert ask(rewardful, campaign_id="another").json()["data"] == []
    assert [one["id"] for one in ask(rewardful, "campaigns").json()["data"]] == ["rw-affiliates"]


def test_who_left_is_disabled_from_then_on(rewardful: Running) -> None:
    def state() -> str:
        found: dict[str, str] = {one["id"]: one["state"] for one in ask(rewardful, limit=100).json()["data"]}
        return found["left"]

    assert state() == "disabled"
    rewardful.set_clock(NOW - timedelta(seconds=1))
    assert state() == "active"


def test_who_was_deleted_is_not_listed_from_then_on(rewardful: Running) -> None:
    assert "gone" not in [one["id"] for one in ask(rewardful, limit=100).json()["data"]]
    rewardful.set_clock(NOW - timedelta(seconds=1))
    assert [(one["id"], one["state"]) for one in ask(rewardful, limit=100).json()["data"]][-1] == ("gone", "active")


@pytest.mark.parametrize(("user", "password"), [("wrong", ""), ("", ""), ("sandbox-secret", "x")])
def test_a_wrong_secret_is_refused(rewardful: Running, user: str, password: str) -> None:
    answer = ask(rewardful, user=user, password=password)
    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid API Secret."})


def test_a_rate_limit_says_when_it_ends(rewardful: Running) -> None:
    rewardful.fault("/affiliates$", "429")
    answer = ask(rewardful)
    assert (answer.status_code, answer.headers["RateLimit-Reset"]) == (429, "30")
