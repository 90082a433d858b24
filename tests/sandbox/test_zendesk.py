"""The Zendesk API as awkward as it is, over a real socket."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.events import Person, Ticket, TicketRating, World
from sandbox.server import Running, running

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)  # a world of March, which goes over to surveys on the 16th
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EXPORT, LEGACY, SURVEYS = "/incremental/tickets/cursor.json", "/satisfaction_ratings.json", "/guide/survey_responses"
AGENT, TOKEN = "agent@boutique.example/token", "sandbox-token"


@pytest.fixture
def zendesk() -> Iterator[Running]:
    world = World(
        NOON.date(),
        date(2026, 3, 31),
        people=[Person(1, "ada@example.com", (), "Ada", "Lovelace", "", "", "FR")],
        tickets=[
            Ticket(1, 1, NOON, "Question", True, None, None),
            Ticket(2, 1, NOON + HOUR, "Question", False, NOON + 5 * DAY, None),
            Ticket(3, 1, NOON + 2 * HOUR, "Question", False, None, 2),
            *(Ticket(number, 1, NOON + number * HOUR, "Question", False, None, None) for number in range(4, 9)),
        ],
        ticket_ratings=[
            TicketRating(4, NOON + DAY, "offered", ""),
            TicketRating(4, NOON + 2 * DAY, "good", "Merci"),
            TicketRating(5, NOON + DAY, "offered", ""),
            TicketRating(4, NOON + 16 * DAY, "bad", "Hélas"),
            TicketRating(6, NOON + 16 * DAY, "offered", ""),
        ],
    )
    with running(world, NOON + 20 * DAY, only=["zendesk"]) as sandbox:
        yield sandbox


def ask(
    sandbox: Running, path: str, query: Mapping[str, str | int] | None = None, user: str = AGENT, token: str = TOKEN
) -> requests.Response:
    url = f"{sandbox.base_url}/zendesk/api/v2{path}"
    return requests.get(url, params=query, auth=(user, token), timeout=10)


def exported(sandbox: Running, start: datetime = NOON - DAY) -> dict[int, Any]:
    answer = ask(sandbox, EXPORT, {"start_time": int(start.timestamp())}).json()
    return {one["id"]: one for one in answer["tickets"]}


def test_an_export_goes_on_at_its_cursor_and_repeats_the_last_ticket(zendesk: Running) -> None:
    first = ask(zendesk, EXPORT, {"start_time": int(NOON.timestamp()), "per_page": 1}).json()
    assert [one["id"] for one in first["tickets"]] == [1, 3, 7]  # three where one was asked for, by their last change
    assert not first["end_of_stream"]
    second = ask(zendesk, EXPORT, {"cursor": first["after_cursor"], "per_page": 1}).json()
    assert [one["id"] for one in second["tickets"]] == [7, 8, 5]
    assert requests.get(second["after_url"], auth=(AGENT, TOKEN), timeout=10).json()["end_of_stream"]
    rest = ask(zendesk, EXPORT, {"cursor": second["after_cursor"]}).json()
    assert [one["id"] for one in rest["tickets"]] == [5, 2, 4, 6]
    assert (rest["end_of_stream"], bool(rest["after_cursor"])) == (True, True)
    assert zendesk.sandbox.requests.pages() == {"/api/v2/incremental/tickets/cursor.json": 3}


def test_a_deletion_and_a_merger_are_changes(zendesk: Running) -> None:
    zendesk.set_clock(NOON + 3 * HOUR - timedelta(seconds=30))
    assert exported(zendesk)[2]["status"] == "open"
    assert [exported(zendesk)[3][name] for name in ("status", "tags")] == ["open", ["client_ada_lovelace"]]
    zendesk.set_clock(NOON + 6 * DAY)
    changed = exported(zendesk, NOON + 5 * DAY)
    assert [(number, one["status"]) for number, one in changed.items()] == [(2, "deleted")]
    merged = exported(zendesk)[3]
    assert (merged["status"], merged["tags"][-1]) == ("closed", "closed_by_merge")
    assert exported(zendesk)[1]["status"] == "deleted"  # spam, from the start


def test_the_words_of_a_deleted_ticket_go_after_thirty_days_and_the_ticket_stays(zendesk: Running) -> None:
    def words() -> list[Any]:
        return [exported(zendesk)[2][name] for name in ("status", "subject", "updated_at", "generated_timestamp")]

    deleted_at = NOON + 5 * DAY
    zendesk.set_clock(NOON + 34 * DAY)
    assert words() == ["deleted", "Question", "2026-03-06T12:00:00Z", int(deleted_at.timestamp())]
    zendesk.set_clock(NOON + 36 * DAY)
    assert words() == ["deleted", "SCRUBBED", "2026-03-06T12:00:00Z", int((deleted_at + 30 * DAY).timestamp())]
    assert [exported(zendesk)[2][name] for name in ("description", "tags")] == ["SCRUBBED", []]


def test_the_last_minute_shows_a_minute_later(zendesk: Running) -> None:
    zendesk.set_clock(NOON + 59 * timedelta(seconds=1))
    assert exported(zendesk) == {}
    zendesk.set_clock(NOON + timedelta(minutes=1))
    assert set(exported(zendesk)) == {1}


def test_ratings_are_updated_in_place_and_end_with_the_switch(zendesk: Running) -> None:
    zendesk.set_clock(NOON + DAY)
    assert [one["score"] for one in ask(zendesk, LEGACY).json()["satisfaction_ratings"]] == ["offered", "offered"]
    assert ask(zendesk, SURVEYS).status_code == 404
    zendesk.set_clock(NOON + 20 * DAY)
    ratings = ask(zendesk, LEGACY).json()["satisfaction_ratings"]
    assert [(one["ticket_id"], one["score"], one["comment"]) for one in ratings] == [
        (4, "good", "Merci"),
        (5, "offered", None),
    ]
    assert (ratings[0]["created_at"], ratings[0]["updated_at"]) == ("2026-03-02T12:00:00Z", "2026-03-03T12:00:00Z")
    answered, offered = ask(zendesk, SURVEYS).json()["survey_responses"]
    assert (answered["subject_zrns"], offered["answers"]) == (["zen:ticket:4"], [])
    words, rating = answered["answers"]
    assert (words["value"], rating["rating"], rating["rating_category"]) == ("Hélas", 1, "bad")


def test_lists_are_paged_by_a_cursor_and_filtered_by_their_offer(zendesk: Running) -> None:
    first = ask(zendesk, LEGACY, {"page[size]": 1}).json()
    assert first["meta"]["has_more"]
    last = ask(zendesk, LEGACY, {"page[size]": 1, "page[after]": first["meta"]["after_cursor"]}).json()
    assert [one["ticket_id"] for one in last["satisfaction_ratings"]] == [5]
    assert (last["meta"]["has_more"], last["links"]["next"]) == (False, None)
    since = int((NOON + 2 * DAY).timestamp())
    assert ask(zendesk, LEGACY, {"start_time": since}).json()["satisfaction_ratings"] == []


@pytest.mark.parametrize(
    ("path", "query", "status", "error"),
    [
        (EXPORT, {}, 400, "InvalidValue"),
        (EXPORT, {"start_time": "yesterday"}, 400, "InvalidValue"),
        (EXPORT, {"start_time": int((NOON + 20 * DAY).timestamp())}, 422, "StartTimeTooRecent"),
        (EXPORT, {"cursor": "nonsense"}, 400, "InvalidValue"),
        (LEGACY, {"page[size]": 101}, 400, "InvalidPaginationParameter"),
    ],
)
def test_a_refusal_names_its_error(
    zendesk: Running, path: str, query: dict[str, str | int], status: int, error: str
) -> None:
    answer = ask(zendesk, path, query)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_token_belongs_to_its_agent(zendesk: Running) -> None:
    assert ask(zendesk, "/users/me.json").json()["user"]["role"] == "admin"
    for user, token in ((AGENT, "nonsense"), ("agent@boutique.example", TOKEN), ("else@boutique.example/token", TOKEN)):
        answer = ask(zendesk, "/users/me.json", None, user, token)
        assert (answer.status_code, answer.json()) == (401, {"error": "Couldn't authenticate you"})


def test_a_rate_limit_says_how_long_to_wait(zendesk: Running) -> None:
    zendesk.fault("/zendesk", "429")
    answer = ask(zendesk, LEGACY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "12")
    assert ask(zendesk, LEGACY).headers["X-Rate-Limit"] == "700"
