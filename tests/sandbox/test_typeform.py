"""The Typeform API as awkward as it is, over a real socket."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.events import Answer, World
from sandbox.server import Running, running

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "tfp_sandbox"


@pytest.fixture
def typeform() -> Iterator[Running]:
    answers = [Answer(f"nps{n}", "nps", 1, "ada@example.com", n, "Merci", NOON + n * HOUR) for n in range(5)]
    answers.append(Answer("nps9", "nps", 1, "ada@example.com", None, "", NOON))
    answers.append(Answer("csat1", "csat", 1, "ada@example.com", 4, "", NOON))
    answers.append(Answer("csat2", "csat", 1, "ada@example.com", 1, "", NOON, NOON + 2 * HOUR))
    with running(World(NOON.date(), date(2026, 3, 31), answers=answers), NOON + 9 * HOUR, only=["typeform"]) as sandbox:
        yield sandbox


def ask(sandbox: Running, path: str, token: str = TOKEN, **query: str | int) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{sandbox.base_url}/typeform/forms/{path}", params=query, headers=headers, timeout=10)


def items(sandbox: Running, **query: str | int) -> list[Any]:
    found: list[Any] = ask(sandbox, "npsForm1/responses", TOKEN, **query).json()["items"]
    return found


def scores(found: list[Any]) -> list[int]:
    return [one["answers"][0]["number"] for one in found]


def test_responses_come_newest_first_and_go_back_before_a_token(typeform: Running) -> None:
    newest = items(typeform, page_size=3)
    assert scores(newest) == [4, 3, 2]
    assert scores(items(typeform, page_size=3, before=newest[-1]["token"])) == [1, 0]
    assert scores(items(typeform, after=newest[1]["token"])) == [4]
    oldest = items(typeform)[-1]["token"]
    end = ask(typeform, "npsForm1/responses", before=oldest).json()
    assert end == {"total_items": 0, "page_count": 0, "items": []}
    assert typeform.sandbox.requests.pages() == {"/forms/{form_id}/responses": 2}


def test_a_response_that_was_not_submitted_comes_when_asked_for(typeform: Running) -> None:
    assert len(items(typeform)) == len(items(typeform, response_type="completed")) == 5
    [partial] = items(typeform, response_type="partial,started")
    assert (partial["submitted_at"], partial["answers"]) == ("0001-01-01T00:00:00Z", [])
    assert len(items(typeform, response_type="completed,partial")) == 6


def test_a_response_holds_more_than_anybody_should_keep(typeform: Running) -> None:
    newest = items(typeform)[0]
    assert newest["hidden"]["email"] == "ada@example.com"
    assert newest["metadata"]["network_id"]
    score, comment = newest["answers"]
    assert (score["field"]["type"], score["type"]) == ("nps", "number")
    assert (comment["field"]["type"], comment["text"]) == ("long_text", "Merci")
    [other] = ask(typeform, "csatForm1/responses").json()["items"]
    assert [one["type"] for one in other["answers"]] == ["number", "email"]


def test_nothing_shows_before_it_happens_or_after_it_was_deleted(typeform: Running) -> None:
    typeform.set_clock(NOON + HOUR)
    assert scores(items(typeform)) == [1, 0]
    assert scores(ask(typeform, "csatForm1/responses").json()["items"]) == [1, 4]
    typeform.set_clock(NOON + 2 * HOUR)
    assert scores(ask(typeform, "csatForm1/responses").json()["items"]) == [4]


@pytest.mark.parametrize(
    ("path", "query", "token", "status", "code"),
    [
        ("npsForm1/responses", {}, "nonsense", 401, "AUTHENTICATION_FAILED"),
        ("elsewhere", {}, TOKEN, 404, "FORM_NOT_FOUND"),
        ("npsForm1/responses", {"page_size": 1001}, TOKEN, 400, "VALIDATION_ERROR"),
        ("npsForm1/responses", {"before": "unknown"}, TOKEN, 400, "VALIDATION_ERROR"),
        ("npsForm1/responses", {"before": "x", "sort": "submitted_at,asc"}, TOKEN, 400, "VALIDATION_ERROR"),
    ],
)
def test_a_refusal_names_its_code(
    typeform: Running, path: str, query: dict[str, str | int], token: str, status: int, code: str
) -> None:
    answer = ask(typeform, path, token, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_form_shows_its_questions_and_hidden_fields(typeform: Running) -> None:
    nps, csat = ask(typeform, "npsForm1").json(), ask(typeform, "csatForm1").json()
    assert (nps["hidden"], [one["ref"] for one in nps["fields"]]) == (["email", "order"], ["score", "comment"])
    assert ("hidden" in csat, [one["ref"] for one in csat["fields"]]) == (False, ["score", "comment", "email"])


def test_a_rate_limit_is_a_429(typeform: Running) -> None:
    typeform.fault("/typeform", "429")
    assert [ask(typeform, "npsForm1").status_code for _ in range(2)] == [429, 200]
