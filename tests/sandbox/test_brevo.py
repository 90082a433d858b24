"""The Brevo API against its own specification, and as awkward as it is, over a real socket."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from sandbox.events import (
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

SPECIFICATION = Path(__file__).parents[3] / "shared" / "contracts" / "brevo"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KINDS = {"c02": "imported", "c03": "transactional"}

# What one contact, asked for by itself, has beyond an item of the list: its statistics.
ONLY_ALONE = ("'statistics' is a required property",)


@pytest.fixture
def world() -> World:
    return World(
        NOON.date(),
        date(2026, 12, 31),
        people=[Person(1, "ada@example.com", (), "Ada", "Lovelace", "+33612345678", "", "FR")],
        mail_lists=[MailList("12", "brevo", "Letter", NOON), MailList("L1", "mailchimp", "No", NOON)],
        contacts=[
            Contact(f"c{at:02}", "brevo", "12", 1, f" P{at:02}@Example.com", KINDS.get(f"c{at:02}", "subscriber"), NOON)
            for at in range(6)
        ],
        contact_events=[
            ContactEvent("c00", "signup", NOON),
            ContactEvent("c00", "confirm", NOON + HOUR),
            ContactEvent("c00", "unsubscribe", NOON + 2 * HOUR),
            ContactEvent("c00", "confirm", NOON + 3 * HOUR),
            ContactEvent("c01", "confirm", NOON + HOUR),
            ContactEvent("c01", "clean", NOON + 2 * HOUR),
            ContactEvent("c04", "confirm", NOON + HOUR),
            ContactEvent("c04", "archive", NOON + 4 * HOUR),
        ],
        mailings=[
            Mailing("m1", "brevo", "12", "regular", None, None, "Hello", NOON + DAY),
            Mailing("m2", "brevo", "12", "ab_parent", None, None, "Which", NOON + 2 * DAY),
            Mailing("m3", "brevo", "12", "ab_child", "m2", None, "This", NOON + 2 * DAY),
            Mailing("m4", "brevo", "12", "ab_child", "m2", None, "That", NOON + 2 * DAY),
            Mailing("m5", "brevo", "12", "journey", None, None, "Way", NOON + DAY),
            Mailing("m6", "brevo", "12", "automation", None, "31", "Step", NOON),
        ],
        mail_sends=[
            MailSend(1, "m1", "c00", NOON + DAY, ""),
            MailSend(2, "m1", "c01", NOON + DAY, ""),
            MailSend(3, "m1", "c02", NOON + DAY, "soft"),
            MailSend(4, "m1", "c04", NOON + DAY, "syntax"),
            MailSend(5, "m3", "c00", NOON + 2 * DAY, ""),
            MailSend(6, "m4", "c01", NOON + 2 * DAY, "hard"),
            MailSend(7, "m6", "c00", NOON + DAY, ""),
            MailSend(8, "m5", "c00", NOON + DAY, ""),
            MailSend(9, "m6", "c01", NOON + DAY, "soft"),
        ],
        mail_opens=[
            MailOpen(1, NOON + 2 * DAY, NOON + 2 * DAY, by_proxy=False),
            MailOpen(1, NOON + 3 * DAY, NOON + 3 * DAY, by_proxy=False),
            MailOpen(2, NOON + 2 * DAY, NOON + 2 * DAY, by_proxy=True),
            MailOpen(7, NOON + 10.5 * HOUR, NOON + 2 * DAY, by_proxy=True),
        ],
        mail_clicks=[
            MailClick(1, NOON + 2 * DAY, NOON + 2 * DAY, False, "https://boutique.example/"),
            MailClick(1, NOON + 2 * DAY, NOON + 2 * DAY, False, "https://boutique.example/offre"),
            MailClick(7, NOON + 2 * DAY, NOON + 2 * DAY, True, "https://boutique.example/"),
        ],
    )


@pytest.fixture
def brevo(world: World) -> Iterator[Running]:
    with running(world, NOON + 5 * DAY, only=["brevo"]) as sandbox:
        yield sandbox


def ask(sandbox: Running, path: str, key: str = "sandbox-brevo", **query: str | int) -> requests.Response:
    return requests.get(f"{sandbox.base_url}/brevo/v3{path}", params=query, headers={"api-key": key}, timeout=10)


def contacts(sandbox: Running, **query: str | int) -> dict[str, Any]:
    found = ask(sandbox, "/contacts", "sandbox-brevo", **query).json()["contacts"]
    return {one["email"]: one for one in found}


def stats(sandbox: Running, path: str) -> dict[str, int]:
    answer = ask(sandbox, path, statistics="globalStats").json()
    found: dict[str, int] = answer["statistics"]["globalStats"]
    return found


def refused(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def strays(model: str, found: Any) -> list[str]:
    """What the specification's model has against an answer."""
    schema = json.loads((SPECIFICATION / f"{model}.json").read_text())
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(found)]


def undocumented(model: str, found: Any) -> set[str]:
    """The fields of an answer that the specification's model does not know."""
    root = json.loads((SPECIFICATION / f"{model}.json").read_text())

    def walk(value: Any, schema: Any) -> Iterator[str]:
        for one in schema.get("anyOf", []):
            schema = one if one.get("type") != "null" else schema
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
        if isinstance(value, list):
            for one in value:
                yield from walk(one, schema.get("items", {}))
        if isinstance(value, dict) and schema.get("properties"):
            for name, inner in value.items():
                if name not in schema["properties"]:
                    yield name
                yield from walk(inner, schema["properties"].get(name, {}))

    return set(walk(found, root))


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendors' specifications are not beside the repository")
@pytest.mark.parametrize(
    ("model", "path", "query"),
    [
        ("GetEmailCampaignsResponse", "/emailCampaigns", {"statistics": "globalStats"}),
        ("GetEmailCampaignsResponse", "/emailCampaigns", {}),
        ("GetEmailCampaignsResponse", "/emailCampaigns", {"offset": 50}),
        ("GetEmailCampaignResponse", "/emailCampaigns/2", {"statistics": "globalStats"}),
        ("GetEmailEventReportResponse", "/smtp/statistics/events", {}),
        ("GetEmailEventReportResponse", "/smtp/statistics/events", {"event": "spam"}),
        ("GetListsResponse", "/contacts/lists", {}),
    ],
)
def test_every_answer_is_what_the_specification_says(
    brevo: Running, model: str, path: str, query: dict[str, str | int]
) -> None:
    answer = ask(brevo, path, "sandbox-brevo", **query)
    assert answer.status_code == 200
    assert strays(model, answer.json()) == []
    assert undocumented(model, answer.json()) == set()


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendors' specifications are not beside the repository")
def test_every_contact_is_what_the_specification_says(brevo: Running) -> None:
    for one in contacts(brevo).values():
        found = strays("GetContactInfoResponse", one)
        assert [text for text in found if not text.endswith(ONLY_ALONE)] == []
        assert undocumented("GetContactInfoResponse", one) == set()


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/contacts", {"limit": 1001}, (400, "out_of_range")),
        ("/contacts", {"modifiedSince": "yesterday"}, (400, "invalid_parameter")),
        ("/contacts/lists", {"limit": 51}, (400, "out_of_range")),
        ("/contacts/lists/13", {}, (404, "document_not_found")),
        ("/emailCampaigns", {"limit": 101}, (400, "out_of_range")),
        ("/emailCampaigns", {"startDate": "2026-03-01T00:00:00Z"}, (400, "missing_parameter")),
        (
            "/emailCampaigns",
            {"startDate": "2026-03-01T00:00:00Z", "endDate": "2026-03-07T00:00:00Z"},
            (400, "invalid_parameter"),
        ),
        (
            "/emailCampaigns",
            {"startDate": "2024-02-01T00:00:00Z", "endDate": "2026-03-01T00:00:00Z"},
            (400, "out_of_range"),
        ),
        ("/emailCampaigns/5", {}, (404, "document_not_found")),
        ("/smtp/statistics/events", {"limit": 5001}, (400, "out_of_range")),
        ("/smtp/statistics/events", {"event": "sneezed"}, (400, "invalid_parameter")),
        ("/smtp/statistics/events", {"endDate": "2026-03-01"}, (400, "missing_parameter")),
        ("/smtp/statistics/events", {"startDate": "2025-12-01", "endDate": "2026-03-01"}, (400, "out_of_range")),
        ("/smtp/statistics/events", {"startDate": "2026-03-01", "endDate": "2026-03-07"}, (400, "invalid_parameter")),
        ("/smtp/statistics/events", {"days": 91}, (400, "out_of_range")),
    ],
)
def test_a_refusal_has_a_code_and_a_message(
    brevo: Running, path: str, query: dict[str, str | int], expected: tuple[int, str]
) -> None:
    answer = ask(brevo, path, "sandbox-brevo", **query)
    assert refused(answer) == expected
    assert answer.json()["message"]


def test_a_wrong_key_is_not_found_and_a_rate_limit_says_when_it_ends(brevo: Running) -> None:
    answer = ask(brevo, "/account", "xkeysib-wrong")
    assert (refused(answer), answer.json()["message"]) == ((401, "unauthorized"), "Key not found")
    brevo.fault("/brevo", "429")
    answer = ask(brevo, "/account")
    assert refused(answer) == (429, "too_many_requests")
    assert (answer.headers["x-sib-ratelimit-remaining"], answer.headers["x-sib-ratelimit-reset"]) == ("0", "2")
    assert "Retry-After" not in answer.headers
    assert ask(brevo, "/account").headers["x-sib-ratelimit-limit"] == "100"


def test_who_never_confirmed_or_was_deleted_is_not_shown(brevo: Running) -> None:
    found = contacts(brevo)
    assert set(found) == {"P00@Example.com", "P01@Example.com", "P02@Example.com", "P03@Example.com"}
    assert [found[f"P0{at}@Example.com"]["listIds"] for at in range(4)] == [[12], [12], [12], []]
    assert [found[f"P0{at}@Example.com"]["emailBlacklisted"] for at in range(4)] == [False, True, False, False]
    assert found["P00@Example.com"]["attributes"] == {
        "PRENOM": "Ada",
        "NOM": "Lovelace",
        "SMS": "+33612345678",
        "DATE_OPTIN": "2026-03-01T16:00:00.000+01:00",
    }
    assert found["P00@Example.com"]["createdAt"] == "2026-03-01T14:00:00.000+01:00"
    assert "DATE_OPTIN" not in found["P02@Example.com"]["attributes"]
    brevo.set_clock(NOON + 3 * HOUR - timedelta(seconds=1))
    assert contacts(brevo)["P00@Example.com"]["emailBlacklisted"]
    assert contacts(brevo)["P04@Example.com"]["listIds"] == [12]


def test_contacts_come_in_pages_and_by_their_last_change(brevo: Running) -> None:
    answer = ask(brevo, "/contacts", limit=3).json()
    rest = ask(brevo, "/contacts", limit=3, offset=3).json()
    assert (len(answer["contacts"]), len(rest["contacts"]), rest["count"]) == (3, 1, 4)
    ids = [one["id"] for one in answer["contacts"] + rest["contacts"]]
    assert len(set(ids)) == 4
    assert brevo.sandbox.requests.pages() == {"/contacts": 2}
    changed = contacts(brevo, modifiedSince=(NOON + 2 * HOUR).isoformat())
    assert set(changed) == {"P00@Example.com"}


def test_a_list_tells_who_is_blacklisted_only_when_asked_for_alone(brevo: Running) -> None:
    counters = ("uniqueSubscribers", "totalSubscribers", "totalBlacklisted")
    [one] = ask(brevo, "/contacts/lists").json()["lists"]
    assert [one[name] for name in counters] == [3, 0, 0]
    one = ask(brevo, "/contacts/lists/12").json()
    assert [one[name] for name in counters] == [3, 2, 1]


def test_a_campaign_counts_recipients_once_and_privacy_proxies_apart(brevo: Running) -> None:
    found = stats(brevo, "/emailCampaigns/1")
    assert {name: found[name] for name in ("sent", "delivered", "hardBounces", "softBounces")} == {
        "sent": 4,
        "delivered": 2,
        "hardBounces": 1,
        "softBounces": 1,
    }
    # Two opens of one person and one of a proxy; without the recipient behind it, half of two becomes all of one.
    assert {name: found[name] for name in ("viewed", "uniqueViews", "trackableViews", "appleMppOpens")} == {
        "viewed": 3,
        "uniqueViews": 2,
        "trackableViews": 1,
        "appleMppOpens": 1,
    }
    assert (found["estimatedViews"], found["clickers"], found["uniqueClicks"], found["opensRate"]) == (2, 2, 1, 100)


def test_an_ab_test_is_one_campaign_and_an_automation_is_none(brevo: Running) -> None:
    found = ask(brevo, "/emailCampaigns").json()
    assert [(one["id"], one["abTesting"]) for one in found["campaigns"]] == [(2, True), (1, False)]
    assert found["campaigns"][0]["statistics"]["globalStats"] == {}
    assert (stats(brevo, "/emailCampaigns/2")["sent"], stats(brevo, "/emailCampaigns/2")["delivered"]) == (2, 1)
    assert ask(brevo, "/emailCampaigns", status="draft").json() == {"count": 0}


def test_campaigns_are_filtered_by_when_they_were_sent(brevo: Running) -> None:
    query = {"startDate": (NOON + DAY + HOUR).isoformat(), "endDate": (NOON + 4 * DAY).isoformat()}
    assert [one["id"] for one in ask(brevo, "/emailCampaigns", **query).json()["campaigns"]] == [2]


def test_a_list_of_campaigns_counts_the_last_half_year_only(brevo: Running) -> None:
    brevo.set_clock(NOON + 200 * DAY)
    [_, old] = ask(brevo, "/emailCampaigns", statistics="globalStats").json()["campaigns"]
    assert (old["id"], old["statistics"]["globalStats"]["delivered"]) == (1, 0)
    assert stats(brevo, "/emailCampaigns/1")["delivered"] == 2


def test_events_are_those_of_automated_emails_once_they_show(brevo: Running) -> None:
    days = {"startDate": "2026-03-01", "endDate": "2026-03-03"}
    found = ask(brevo, "/smtp/statistics/events", sort="asc", **days).json()["events"]
    assert [(one["event"], one["templateId"], one["tag"]) for one in found] == [
        ("loadedByProxy", 6, "31"),
        ("delivered", 6, "31"),
        ("requests", 6, "31"),
        ("delivered", 5, ""),
        ("requests", 5, ""),
        ("requests", 6, "31"),
        ("softBounces", 6, "31"),
        ("clicks", 6, "31"),
    ]
    assert (found[0]["email"], found[0]["date"]) == ("P00@Example.com", "2026-03-01T23:30:00.000+01:00")
    brevo.set_clock(NOON + DAY + HOUR)
    days["endDate"] = "2026-03-02"
    assert len(ask(brevo, "/smtp/statistics/events", **days).json()["events"]) == 6
    assert ask(brevo, "/smtp/statistics/events", event="loadedByProxy", **days).json() == {}


def test_days_of_events_are_the_accounts(brevo: Running) -> None:
    # The proxy came at half past ten in the evening of UTC, half an hour before the account's next day.
    query = {"event": "loadedByProxy", "startDate": "2026-03-01", "endDate": "2026-03-01"}
    assert len(ask(brevo, "/smtp/statistics/events", **query).json()["events"]) == 1
    assert ask(brevo, "/smtp/statistics/events", event="loadedByProxy", days=5).json() == {}
    assert len(ask(brevo, "/smtp/statistics/events", event="loadedByProxy", days=6).json()["events"]) == 1


def test_an_archived_campaign_is_listed_apart_without_its_sending(brevo: Running) -> None:
    brevo.set_clock(NOON + 21 * DAY)  # twenty days after the first was sent
    [sent] = ask(brevo, "/emailCampaigns", status="sent").json()["campaigns"]
    [archived] = ask(brevo, "/emailCampaigns", status="archive", statistics="globalStats").json()["campaigns"]
    assert (sent["id"], archived["id"], archived["status"]) == (2, 1, "archive")
    assert "sentDate" not in archived
    assert (archived["scheduledAt"], archived["statistics"]["globalStats"]["sent"]) == ("2026-03-02T12:00:00.000Z", 4)
    days = {"startDate": NOON.isoformat(), "endDate": (NOON + DAY).isoformat()}
    assert refused(ask(brevo, "/emailCampaigns", status="archive", **days)) == (400, "invalid_parameter")


def test_a_removed_list_leaves_its_contacts_on_none(world: World) -> None:
    world.mail_lists[0] = replace(world.mail_lists[0], removed_at=NOON + 3 * DAY)
    with running(world, NOON + 2 * DAY, only=["brevo"]) as brevo:
        assert contacts(brevo)["P00@Example.com"]["listIds"] == [12]
        brevo.set_clock(NOON + 3 * DAY)
        assert contacts(brevo)["P00@Example.com"]["listIds"] == []
        assert ask(brevo, "/contacts/lists").json() == {"count": 0}


def test_faults_leave_a_field_out_or_call_a_kind_otherwise(brevo: Running) -> None:
    brevo.fault("/contacts", "missing_column")
    assert "listIds" not in contacts(brevo)["P00@Example.com"]
    brevo.fault("/emailCampaigns", "renamed_enum")
    assert {one["type"] for one in ask(brevo, "/emailCampaigns").json()["campaigns"]} == {"standard"}
