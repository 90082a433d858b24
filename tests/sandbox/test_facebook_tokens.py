"""What the simulated `debug_token` says, as the real one does."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests

from sandbox.events import Page, World
from sandbox.server import Running, running
from sandbox.vendors.facebook.tokens import APP_ID, APP_SECRET, OF_PAGE, TOKEN, USER_TOKEN

APP = f"{APP_ID}|{APP_SECRET}"
NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
ENDS_AT = int(datetime(2026, 4, 4, 20, tzinfo=UTC).timestamp())  # 23 days after the last evening of the world
DAY = 86_400


@pytest.fixture
def facebook() -> Iterator[Running]:
    day = date(2026, 3, 12)
    with running(World(day, day, pages=[Page("2001", "Boutique", 1000, 900)]), NOW, only=["facebook"]) as sandbox:
        yield sandbox


def ask(facebook: Running, caller: str, path: str = "debug_token", **params: str) -> Any:
    url, headers = f"{facebook.base_url}/facebook/v26.0/{path}", {"Authorization": f"Bearer {caller}"}
    return requests.get(url, params, headers=headers, timeout=5).json()


def send(facebook: Running, **form: str) -> Any:
    url, headers = f"{facebook.base_url}/facebook/v26.0/debug_token", {"Authorization": f"Bearer {TOKEN}"}
    return requests.post(url, form, headers=headers, timeout=5).json()


def test_each_kind_of_token_ends_in_its_own_way(facebook: Running) -> None:
    told = {token: ask(facebook, APP, input_token=token)["data"] for token in (TOKEN, USER_TOKEN, f"{OF_PAGE}2001")}
    assert [(one["type"], one["expires_at"], one["data_access_expires_at"]) for one in told.values()] == [
        ("SYSTEM_USER", 0, 0),
        ("USER", ENDS_AT, ENDS_AT + 30 * DAY),
        ("PAGE", 0, ENDS_AT + 30 * DAY),
    ]
    assert all(one["is_valid"] for one in told.values())
    assert told[USER_TOKEN]["issued_at"] == ENDS_AT - 60 * DAY


def test_it_is_asked_by_get_or_by_a_form_that_stands_for_it(facebook: Running) -> None:
    assert send(facebook, input_token=TOKEN)["error"]["error_subcode"] == 33
    asked = send(facebook, method="get", input_token=TOKEN)
    assert asked == ask(facebook, TOKEN, input_token=TOKEN)
    assert asked["data"]["is_valid"]


def test_only_the_app_and_who_has_a_role_in_it_may_ask(facebook: Running) -> None:
    assert ask(facebook, f"{OF_PAGE}2001", input_token=TOKEN)["error"]["code"] == 100
    assert ask(facebook, f"{APP_ID}|wrong", input_token=TOKEN)["error"]["code"] == 190
    assert ask(facebook, TOKEN)["error"]["message"] == "(#100) The parameter input_token is required"
    assert ask(facebook, TOKEN, path="app", fields="id") == {"id": APP_ID}


def test_a_token_that_is_over_is_refused_everywhere_and_told_why_to_the_app(facebook: Running) -> None:
    facebook.set_clock(datetime(2026, 4, 4, 20, tzinfo=UTC))
    refused = ask(facebook, USER_TOKEN, path="2001")["error"]
    assert (refused["code"], refused["error_subcode"]) == (190, 463)
    told = ask(facebook, APP, input_token=USER_TOKEN)["data"]
    assert told["is_valid"] is False
    assert told["expires_at"] == ENDS_AT
    assert (told["error"]["code"], told["error"]["subcode"]) == (190, 463)
    assert "error" not in ask(facebook, TOKEN, path="2001")
    assert ask(facebook, APP, input_token="nonsense")["data"]["is_valid"] is False
