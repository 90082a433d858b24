"""The Klaviyo API against its own specification, and as awkward as it is, over a real socket."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from sandbox.events import (
    Automation,
    Contact,
    ContactEvent,
    MailClick,
    Mailing,
    MailList,
    MailOpen,
    MailSend,
    Person,
    World,
)
from sandbox.server import Running, running

SPECIFICATION = Path(__file__).parents[3] / "shared" / "contracts" / "klaviyo" / "openapi.json"
MEDIA_TYPE = "application/vnd.api+json"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

# Where the specification is stricter than the live API: the link to a page that does not exist is null.
DELIBERATE = ("None is not of type 'string'",)


@pytest.fixture
def world() -> World:
    return World(
        NOON.date(),
        date(2026, 3, 31),
        people=[Person(1, "ada@example.com", (), "Ada", "Lovelace", "+33600000000", "3 quai", "FR")],
        mail_lists=[MailList("K1", "klaviyo", "Letter", NOON - 90 * DAY), MailList("7", "brevo", "No", NOON)],
        contacts=[
            *(
                Contact(f"c{number:02}", "klaviyo", "K1", 1, f" P{number:02}@Example.com", "subscriber", NOON)
                for number in range(22)
            ),
            Contact("c00 again", "klaviyo", "K1", 1, "p00@example.com", "subscriber", NOON + HOUR),
            Contact("b00", "brevo", "7", 1, "b00@example.com", "subscriber", NOON),
        ],
        contact_events=[
            ContactEvent("c00", "signup", NOON),
            ContactEvent("c00", "confirm", NOON + HOUR),
            ContactEvent("c00 again", "confirm", NOON + 3 * HOUR),
            ContactEvent("c01", "confirm", NOON + HOUR),
            ContactEvent("c01", "archive", NOON + 2 * HOUR),
            ContactEvent("c02", "confirm", NOON + HOUR),
            ContactEvent("c02", "clean", NOON + 2 * HOUR),
            ContactEvent("c03", "confirm", NOON + HOUR),
            ContactEvent("c03", "unsubscribe", NOON + 2 * HOUR),
        ],
        automations=[Automation("VkFlw1", "klaviyo", "K1", "Welcome", False, NOON)],
        mailings=[
            Mailing("R1", "klaviyo", "K1", "regular", None, None, "Hello", NOON + DAY),
            Mailing("R3", "klaviyo", "K1", "regular", None, None, "Again", NOON + DAY),
            Mailing("A1", "klaviyo", "K1", "regular", None, None, "Put away", NOON + DAY),
            Mailing("J1", "klaviyo", "K1", "journey", None, None, "Way", NOON + DAY),
            Mailing("S1", "klaviyo", "K1", "automation", None, "VkFlw1", "Step", NOON),
            Mailing("B1", "brevo", "7", "regular", None, None, "Elsewhere", NOON),
        ],
        mail_sends=[
            MailSend(1, "R1", "c00", NOON + DAY, ""),
            MailSend(2, "R3", "c01", NOON + DAY, ""),
            MailSend(3, "R3", "c02", NOON + DAY, "soft"),
            MailSend(4, "S1", "c00", NOON + 2 * DAY, ""),
            MailSend(5, "J1", "c00", NOON + 2 * DAY, ""),
            MailSend(6, "B1", "b00", NOON, ""),
        ],
        mail_opens=[
            MailOpen(1, NOON + DAY, NOON + 3 * DAY, by_proxy=True),
            MailOpen(6, NOON + DAY, NOON + DAY, by_proxy=False),
        ],
        mail_clicks=[MailClick(1, NOON + DAY, NOON + DAY, True, "https://boutique.example/")],
    )


@pytest.fixture
def klaviyo(world: World) -> Iterator[Running]:
    with running(world, NOON + 5 * DAY, only=["klaviyo"]) as sandbox:
        yield sandbox


def ask(
    sandbox: Running, path: str, key: str = "pk_sandbox", revision: str = "2026-10-15", **query: Any
) -> requests.Response:
    headers = {"Authorization": f"Klaviyo-API-Key {key}", "revision": revision}
    address = path if path.startswith("http") else f"{sandbox.base_url}/klaviyo/api{path}"
    return requests.get(address, params=query.get("params"), headers=headers, timeout=10)


def data(sandbox: Running, path: str, **params: str | int) -> Any:
    answer = ask(sandbox, path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def events(sandbox: Running, metric: str, **params: str | int) -> list[Any]:
    found: list[Any] = data(sandbox, "/events", filter=f'equals(metric_id,"{metric}")', **params)
    return found


def explicit(schema: Any) -> Any:
    """The same in plain JSON Schema: `nullable` is a second possibility, and alternatives may overlap, as some do."""
    if isinstance(schema, list):
        return [explicit(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    names = {"oneOf": "anyOf"}
    found = {names.get(name, name): explicit(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [{"type": "null"}, found]} if schema.get("nullable") is True else found


@cache
def specification() -> Any:
    return explicit(json.loads(SPECIFICATION.read_text()))


def schema_of(path: str, status: str) -> Any:
    answer = specification()["paths"][path]["get"]["responses"][status]
    if "$ref" in answer:
        answer = specification()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return {**answer["content"][MEDIA_TYPE]["schema"], "components": specification()["components"]}


def strays(path: str, answer: requests.Response, status: str = "200") -> list[str]:
    """What the specification has against an answer, other than what is deliberate."""
    checker = jsonschema.Draft202012Validator(schema_of(path, status), format_checker=jsonschema.FormatChecker())
    return [
        f"{error.json_path}: {error.message[:200]}"
        for error in checker.iter_errors(answer.json())
        if not error.message.startswith(DELIBERATE)
    ]


def parameters(path: str) -> dict[str, Any]:
    return {one["name"]: one for one in specification()["paths"][path]["get"]["parameters"]}


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendors' specifications are not beside the repository")
@pytest.mark.parametrize(
    ("template", "path", "params"),
    [
        ("/accounts", "/accounts", {}),
        ("/metrics", "/metrics", {}),
        ("/events", "/events", {"include": "profile"}),
        ("/events", "/events", {"page[size]": 2, "fields[event]": "datetime", "sort": "datetime"}),
        ("/profiles", "/profiles", {"additional-fields[profile]": "subscriptions", "page[size]": 100}),
        ("/campaigns", "/campaigns", {"filter": "equals(messages.channel,'email')", "include": "campaign-messages"}),
        ("/lists", "/lists", {}),
        ("/lists/{id}", "/lists/K1", {"additional-fields[list]": "profile_count"}),
        ("/flows", "/flows", {}),
    ],
)
def test_every_answer_is_what_the_specification_says(
    klaviyo: Running, template: str, path: str, params: dict[str, str | int]
) -> None:
    answer = ask(klaviyo, path, params=params)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    assert strays(f"/api{template}", answer) == []
    assert set(params) <= set(parameters(f"/api{template}"))


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendors' specifications are not beside the repository")
@pytest.mark.parametrize(("path", "default", "most"), [("events", 200, 1000), ("profiles", 20, 100), ("lists", 10, 10)])
def test_pages_are_as_large_as_the_specification_says(klaviyo: Running, path: str, default: int, most: int) -> None:
    said = parameters(f"/api/{path}")["page[size]"]["schema"]
    assert (said["default"], said["maximum"]) == (default, most)
    assert ask(klaviyo, f"/{path}", params={"page[size]": most}).status_code == 200
    assert ask(klaviyo, f"/{path}", params={"page[size]": most + 1}).status_code == 400


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendors' specifications are not beside the repository")
@pytest.mark.parametrize(
    ("path", "params", "credential", "status", "source"),
    [
        ("/lists", {}, {"key": "pk_other"}, 401, {"pointer": "/data/"}),
        ("/lists", {}, {"key": ""}, 401, {"pointer": "/data/"}),
        ("/lists", {}, {"revision": "never"}, 400, {"parameter": "revision"}),
        ("/lists", {}, {"revision": "2023-02-22"}, 410, {"pointer": "/data/"}),
        ("/lists/K9", {}, {}, 404, {"pointer": "/data/"}),
        ("/campaigns", {}, {}, 400, {"parameter": "filter"}),
        ("/events", {"filter": "greater-than(email,x)"}, {}, 400, {"parameter": "filter"}),
        ("/profiles", {"filter": "greater-or-equal(updated,2026-03-01)"}, {}, 400, {"parameter": "filter"}),
        ("/profiles", {"filter": "greater-than(updated,yesterday)"}, {}, 400, {"parameter": "filter"}),
        ("/profiles", {"fields[profile]": "age"}, {}, 400, {"parameter": "fields[profile]"}),
        ("/events", {"page[cursor]": "later"}, {}, 400, {"parameter": "page[cursor]"}),
    ],
)
def test_a_refusal_is_a_list_of_errors(
    klaviyo: Running, path: str, params: dict[str, str], credential: dict[str, str], status: int, source: dict[str, str]
) -> None:
    answer = ask(klaviyo, path, params=params, **credential)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, MEDIA_TYPE)
    assert answer.json()["errors"][0]["source"] == source
    assert strays("/api/lists", answer, "4XX") == []


def test_a_rate_limit_says_how_long_to_wait_and_other_answers_how_much_is_left(klaviyo: Running) -> None:
    klaviyo.fault("/klaviyo", "429")
    limited = ask(klaviyo, "/lists")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "1")
    assert limited.json()["errors"][0]["code"] == "throttled"
    answer = ask(klaviyo, "/lists")
    assert "Retry-After" not in answer.headers
    assert answer.headers["RateLimit-Remaining"] == "3499"


def test_a_link_leads_to_the_next_page_until_there_is_none(klaviyo: Running) -> None:
    answer = ask(klaviyo, "/profiles").json()
    assert (len(answer["data"]), answer["links"]["prev"]) == (20, None)  # 22 addresses, one of them deleted
    rest = ask(klaviyo, answer["links"]["next"]).json()
    assert (len(rest["data"]), rest["links"]["next"]) == (1, None)
    assert rest["data"][0]["id"] not in {one["id"] for one in answer["data"]}
    assert klaviyo.sandbox.requests.pages() == {"/profiles": 2}


def test_subscriptions_and_sizes_show_only_where_they_are_asked_for(klaviyo: Running) -> None:
    assert "subscriptions" not in data(klaviyo, "/profiles")[0]["attributes"]
    assert "profile_count" not in data(klaviyo, "/lists/K1")["attributes"]
    params: dict[str, str | int] = {
        "fields[profile]": "email,subscriptions.email.marketing.consent",
        "additional-fields[profile]": "subscriptions",
        "page[size]": 1,
    }
    [chosen] = data(klaviyo, "/profiles", **params)
    assert chosen["attributes"] == {
        "email": "P00@Example.com",
        "subscriptions": {"email": {"marketing": {"consent": "SUBSCRIBED"}}},
    }


def test_the_last_consent_counts_and_each_confirmation_is_an_event(klaviyo: Running) -> None:
    params: dict[str, str | int] = {"additional-fields[profile]": "subscriptions", "page[size]": 100}
    said = {}
    for one in data(klaviyo, "/profiles", **params):
        told = one["attributes"]["subscriptions"]["email"]["marketing"]
        can_receive = told["can_receive_email_marketing"]
        said[one["attributes"]["email"]] = (told["consent"], told["consent_timestamp"], can_receive)
    assert said["P00@Example.com"] == ("SUBSCRIBED", "2026-03-01T15:00:00+00:00", True)
    assert said["P02@Example.com"] == ("SUBSCRIBED", "2026-03-01T13:00:00+00:00", False)
    assert said["P03@Example.com"] == ("UNSUBSCRIBED", "2026-03-01T14:00:00+00:00", False)
    assert said["P04@Example.com"] == ("NEVER_SUBSCRIBED", None, True)
    assert "P01@Example.com" not in said  # deleted
    for metric in ("KlvSub", "KlvLst"):
        times = [one["attributes"]["datetime"] for one in events(klaviyo, metric, include="profile", sort="datetime")]
        assert times == [f"2026-03-01T{hour}:00:00+00:00" for hour in (13, 13, 13, 13, 15)]


def test_who_bounced_stays_in_the_list_and_who_left_does_not(klaviyo: Running) -> None:
    sized = data(klaviyo, "/lists/K1", **{"additional-fields[list]": "profile_count"})
    assert sized["attributes"]["profile_count"] == 2  # c00 and c02; c03 left, c01 was deleted


def test_events_of_a_deleted_profile_stay_without_it(klaviyo: Running) -> None:
    answer = ask(klaviyo, "/events", params={"filter": 'equals(metric_id,"KlvRcv")', "include": "profile"}).json()
    profiles = {one["relationships"]["profile"]["data"]["id"] for one in answer["data"]}
    assert len(profiles - {one["id"] for one in answer["included"]}) == 1


def test_related_objects_are_named_only_where_they_are_included(klaviyo: Running) -> None:
    [plain] = events(klaviyo, "KlvClk")
    assert set(plain["relationships"]["profile"]) == {"links"}
    [included] = events(klaviyo, "KlvClk", include="profile")
    assert set(included["relationships"]["profile"]) == {"links", "data"}


def test_events_show_late_under_their_own_time_and_newest_first(klaviyo: Running) -> None:
    klaviyo.set_clock(NOON + 2 * DAY)
    assert events(klaviyo, "KlvOpn") == []
    klaviyo.set_clock(NOON + 3 * DAY)
    [opened] = events(klaviyo, "KlvOpn")
    assert opened["attributes"]["datetime"] == (NOON + DAY).isoformat()
    assert opened["attributes"]["timestamp"] == int((NOON + DAY).timestamp())
    assert opened["attributes"]["event_properties"]["machine_open"] is True
    received = [one["attributes"]["datetime"] for one in events(klaviyo, "KlvRcv")]
    assert received == sorted(received, reverse=True)


def test_an_event_names_its_flow_and_its_message_or_its_campaign(klaviyo: Running) -> None:
    properties = [one["attributes"]["event_properties"] for one in events(klaviyo, "KlvRcv")]
    assert {(one["$message"], one.get("$flow")) for one in properties} == {
        ("R1", None),  # the campaign itself
        ("R3Msg", None),
        ("S1", "VkFlw1"),
        ("J1", "FlwJ1"),  # a journey is a flow of its own
    }


def test_campaigns_are_drafts_until_they_are_sent_and_archived_ones_are_left_out(klaviyo: Running) -> None:
    email = "equals(messages.channel,'email')"
    assert [one["id"] for one in data(klaviyo, "/campaigns", filter=email)] == ["R1", "R3"]
    assert [one["id"] for one in data(klaviyo, "/campaigns", filter=f"{email},equals(archived,true)")] == ["A1"]
    assert data(klaviyo, "/campaigns", filter="equals(messages.channel,'sms')") == []
    klaviyo.set_clock(NOON + HOUR)
    drafts = [one["attributes"] for one in data(klaviyo, "/campaigns", filter=email)]
    assert {(one["status"], one["send_time"]) for one in drafts} == {("Draft", None)}


def test_only_metrics_with_an_event_exist(klaviyo: Running) -> None:
    klaviyo.set_clock(NOON - HOUR)
    names = [(one["attributes"]["name"], one["attributes"]["integration"]["name"]) for one in data(klaviyo, "/metrics")]
    assert names == [("Opened Email", "MailChimp")]  # a connected tool's
    klaviyo.set_clock(NOON + 5 * DAY)
    assert len(data(klaviyo, "/metrics")) == 8


def test_events_of_a_deleted_campaign_stay_and_name_it_no_more(world: World) -> None:
    world.mailings[0] = replace(world.mailings[0], deleted_at=NOON + 4 * DAY)

    def clicked(klaviyo: Running) -> list[str | None]:
        return [one["attributes"]["event_properties"].get("$message") for one in events(klaviyo, "KlvClk")]

    with running(world, NOON + 3 * DAY, only=["klaviyo"]) as klaviyo:
        query = "equals(messages.channel,'email')"
        assert "R1" in {one["id"] for one in data(klaviyo, "/campaigns", filter=query)}
        assert len(clicked(klaviyo)) == 1
        assert clicked(klaviyo) != [None]
        klaviyo.set_clock(NOON + 4 * DAY)
        assert "R1" not in {one["id"] for one in data(klaviyo, "/campaigns", filter=query)}
        assert clicked(klaviyo) == [None]


def test_a_removed_list_is_gone(world: World) -> None:
    world.mail_lists[0] = replace(world.mail_lists[0], removed_at=NOON + 3 * DAY)
    with running(world, NOON + 3 * DAY, only=["klaviyo"]) as klaviyo:
        assert data(klaviyo, "/lists") == []
        assert ask(klaviyo, "/lists/K1").status_code == 404


def test_faults_leave_a_field_out_or_call_a_consent_otherwise(klaviyo: Running) -> None:
    klaviyo.fault("/events", "missing_column")
    assert "datetime" not in events(klaviyo, "KlvClk")[0]["attributes"]
    klaviyo.fault("/profiles", "renamed_enum")
    asked = {"additional-fields[profile]": "subscriptions"}
    found = [one["attributes"]["subscriptions"]["email"]["marketing"] for one in data(klaviyo, "/profiles", **asked)]
    assert {one["consent"] for one in found} == {"OPTED_IN", "UNSUBSCRIBED", "NEVER_SUBSCRIBED"}
