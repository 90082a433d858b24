"""The sandbox's Tapfiliate: paging by header, programmes and errors as the vendor documents them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import requests

from sandbox.events import Affiliate, World
from sandbox.server import Running, running

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
DAY = timedelta(days=1)
PARTNERS = "programs/partenaires/affiliates/"


@pytest.fixture
def tapfiliate() -> Iterator[Running]:
    affiliates = [
        *(Affiliate(f"pa{number:02}", "partner", 1, "a@mail.example", NOW - DAY, None) for number in range(50)),
        Affiliate("left", "partner", 2, "b@mail.example", NOW - 2 * DAY, NOW),
        Affiliate("late", "partner", 2, "b@mail.example", NOW + DAY, None),
        Affiliate("gone", "partner", 2, "b@mail.example", NOW - 3 * DAY, None, NOW),
        Affiliate("af", "affiliate", 3, "c@mail.example", NOW - DAY, None),
    ]
    with running(
        World(date(2026, 1, 1), date(2026, 3, 12), affiliates=affiliates), NOW, only=["tapfiliate"]
    ) as sandbox:
        yield sandbox


def ask(sandbox: Running, path: str = PARTNERS, key: str = "sandbox-key", page: str = "") -> requests.Response:
    url = f"{sandbox.base_url}/tapfiliate/1.6/{path}"
    return requests.get(url, params={"page": page} if page else {}, headers={"X-Api-Key": key}, timeout=5)


def test_the_link_header_leads_through_pages_of_twenty_five(tapfiliate: Running) -> None:
    first = ask(tapfiliate)
    assert set(first.links) == {"next", "last"}
    second = requests.get(first.links["next"]["url"], headers={"X-Api-Key": "sandbox-key"}, timeout=5)
    last = requests.get(first.links["last"]["url"], headers={"X-Api-Key": "sandbox-key"}, timeout=5)
    assert set(second.links) == {"first", "prev", "next", "last"}
    assert set(last.links) == {"first", "prev"}
    ids = [one["id"] for answer in (first, second, last) for one in answer.json()]
    assert ids == ["left", *(f"pa{number:02}" for number in range(50))]
    assert tapfiliate.sandbox.requests.pages() == {"/programs/{program}/affiliates/": 3}


def test_a_list_of_one_page_has_no_link(tapfiliate: Running) -> None:
    programmes = ask(tapfiliate, "programs/")
    assert [one["id"] for one in programmes.json()] == ["partenaires", "anciens"]
    assert "Link" not in programmes.headers
    assert ask(tapfiliate, "programs/anciens/affiliates/").json() == []


def test_who_left_is_disapproved_from_then_on(tapfiliate: Running) -> None:
    assert ask(tapfiliate).json()[0]["approved"] is False
    tapfiliate.set_clock(NOW - timedelta(seconds=1))
    gone, left = ask(tapfiliate).json()[:2]
    assert (left["id"], left["approved"], left["created_at"]) == ("left", True, "2026-03-10T09:00:00+0000")
    assert (gone["id"], gone["approved"]) == ("gone", True)  # deleted a second later


def test_a_wrong_key_is_refused_in_json_and_none_in_html(tapfiliate: Running) -> None:
    wrong, none = ask(tapfiliate, key="wrong"), ask(tapfiliate, key="")
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Authentication Failed.")
    assert (none.status_code, none.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert ask(tapfiliate, "programs/nobody/affiliates/").status_code == 404


def test_a_rate_limit_says_when_it_ends(tapfiliate: Running) -> None:
    assert ask(tapfiliate).headers["X-Ratelimit-Remaining"] == "999"
    tapfiliate.fault(PARTNERS, "429")
    answer = ask(tapfiliate)
    assert (answer.status_code, answer.headers["X-Ratelimit-Remaining"]) == (429, "0")
    assert "X-Ratelimit-Reset" in answer.headers
