"""The Mailchimp API against its own specification, and as awkward as it is, over a real socket."""

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

SPECIFICATION = Path(__file__).parents[3] / "shared" / "contracts" / "mailchimp" / "openapi.json"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

# Where the sandbox answers otherwise than the specification, as the live API does: a journey's e-mails have a type
# that is in no list of types; and missing times are empty texts, which are no date-times.
DELIBERATE = ("'journey-email' is not one of", "'' is not a 'date-time'")


@pytest.fixture
def world() -> World:
    return World(
        NOON.date(),
        date(2026, 3, 31),
        people=[Person(1, "ada@example.com", (), "Ada", "Lovelace", "", "", "FR")],
        mail_lists=[MailList("L1", "mailchimp", "Letter", NOON - 90 * DAY), MailList("7", "brevo", "No", NOON)],
        contacts=[
            *(
                Contact(f"c{number:02}", "mailchimp", "L1", 1, f" P{number:02}@Example.com", "subscriber", NOON)
                for number in range(12)
            ),
            Contact("c00 again", "mailchimp", "L1", 1, "p00@example.com", "subscriber", NOON + HOUR),
        ],
        contact_events=[
            ContactEvent("c00", "signup", NOON),
            ContactEvent("c00", "confirm", NOON + HOUR),
            ContactEvent("c00", "confirm", NOON + 3 * HOUR),
            ContactEvent("c01", "confirm", NOON + HOUR),
            ContactEvent("c01", "archive", NOON + 2 * HOUR),
        ],
        automations=[Automation("A1", "mailchimp", "L1", "Welcome", False, NOON)],
        mailings=[
            Mailing("R1", "mailchimp", "L1", "regular", None, None, "Hello", NOON + DAY),
            Mailing("P1", "mailchimp", "L1", "ab_parent", None, None, "Which", NOON + DAY),
            Mailing("C1", "mailchimp", "L1", "ab_child", "P1", None, "This", NOON + DAY),
            Mailing("C2", "mailchimp", "L1", "ab_child", "P1", None, "That", NOON + DAY),
            Mailing("J1", "mailchimp", "L1", "journey", None, None, "Way", NOON + DAY),
            Mailing("S1", "mailchimp", "L1", "automation", None, "A1", "Step", NOON),
            Mailing("B1", "brevo", "7", "regular", None, None, "Elsewhere", NOON),
        ],
        mail_sends=[
            MailSend(1, "C1", "c00", NOON + DAY, ""),
            MailSend(2, "C2", "c02", NOON + DAY, "soft"),
            MailSend(3, "S1", "c00", NOON + DAY, ""),
            MailSend(4, "S1", "c00 again", NOON + 2 * DAY, ""),
        ],
        mail_opens=[
            MailOpen(1, NOON + DAY, NOON + 2 * DAY, by_proxy=True),
            MailOpen(3, NOON + 2 * DAY, NOON + 2 * DAY, by_proxy=False),
            MailOpen(4, NOON + 2 * DAY, NOON + 2 * DAY, by_proxy=False),
        ],
        mail_clicks=[MailClick(1, NOON + DAY, NOON + DAY, True, "https://boutique.example/")],
    )


@pytest.fixture
def mailchimp(world: World) -> Iterator[Running]:
    with running(world, NOON + 5 * DAY, only=["mailchimp"]) as sandbox:
        yield sandbox


def ask(sandbox: Running, path: str, key: str = "sandbox-us1", **query: str | int) -> requests.Response:
    return requests.get(f"{sandbox.base_url}/mailchimp/3.0{path}", params=query, auth=("any", key), timeout=10)


def items(sandbox: Running, path: str, holder: str, **query: str | int) -> list[Any]:
    found: list[Any] = ask(sandbox, path, "sandbox-us1", **query).json()[holder]
    return found


@cache
def specification() -> Any:
    return json.loads(SPECIFICATION.read_text())


def strays(path: str, answer: requests.Response, status: str = "200") -> list[str]:
    """What the specification has against an answer, other than what is deliberate."""
    content = specification()["paths"][path]["get"]["responses"][status]["content"]
    checker = jsonschema.Draft202012Validator(
        content["application/json"]["schema"], format_checker=jsonschema.FormatChecker()
    )
    return [
        f"{error.json_path}: {error.message}"
        for error in checker.iter_errors(answer.json())
        if not error.message.startswith(DELIBERATE)
    ]


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendors' specifications are not beside the repository")
@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/", "/"),
        ("/lists", "/lists"),
        ("/lists/{list_id}/members", "/lists/L1/members"),
        ("/campaigns", "/campaigns"),
        ("/reports", "/reports"),
        ("/reports/{campaign_id}", "/reports/R1"),
        ("/reports/{campaign_id}", "/reports/S1"),
        ("/automations", "/automations"),
        ("/automations/{workflow_id}/emails", "/automations/A1/emails"),
    ],
)
def test_every_answer_is_what_the_specification_says(mailchimp: Running, template: str, path: str) -> None:
    answer = ask(mailchimp, path)
    assert answer.status_code == 200
    assert strays(template, answer) == []
    unknown = undocumented(specification()["paths"][template]["get"], answer.json())
    assert unknown <= {"proxy_excluded_opens", "proxy_excluded_unique_opens", "proxy_excluded_open_rate"}


def undocumented(call: Any, answer: Any) -> set[str]:
    """The fields of an answer that the specification does not know."""

    def walk(value: Any, schema: Any) -> Iterator[str]:
        if isinstance(value, list):
            for one in value:
                yield from walk(one, schema.get("items", {}))
        if isinstance(value, dict) and "properties" in schema:
            for name, inner in value.items():
                if name not in schema["properties"]:
                    yield name
                yield from walk(inner, schema["properties"].get(name, {}))

    return set(walk(answer, call["responses"]["200"]["content"]["application/json"]["schema"]))


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendors' specifications are not beside the repository")
@pytest.mark.parametrize(
    ("path", "query", "key", "status"),
    [
        ("/lists", {}, "wrong-us1", 401),
        ("/lists", {"count": 1001}, "sandbox-us1", 400),
        ("/lists", {"since_date_created": "yesterday"}, "sandbox-us1", 400),
        ("/lists/L9/members", {}, "sandbox-us1", 404),
        ("/lists/7/members", {}, "sandbox-us1", 404),
        ("/reports/B1", {}, "sandbox-us1", 404),
        ("/automations/A9/emails", {}, "sandbox-us1", 404),
    ],
)
def test_a_refusal_is_a_problem_document(
    mailchimp: Running, path: str, query: dict[str, str | int], key: str, status: int
) -> None:
    answer = ask(mailchimp, path, key, **query)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert strays("/lists", answer, "default") == []


def test_a_rate_limit_comes_without_advice_and_a_high_volume_without_json(mailchimp: Running) -> None:
    mailchimp.fault("/mailchimp", "429")
    limited = ask(mailchimp, "/lists")
    assert (limited.status_code, limited.json()["title"]) == (429, "Too Many Requests")
    assert "Retry-After" not in limited.headers
    mailchimp.fault("/mailchimp", "quota_gone")
    refused = ask(mailchimp, "/lists")
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


def test_a_bearer_key_is_as_good_as_a_basic_one(mailchimp: Running) -> None:
    def status(credential: str) -> int:
        headers = {"Authorization": credential}
        return requests.get(f"{mailchimp.base_url}/mailchimp/3.0/lists", headers=headers, timeout=10).status_code

    assert status("Bearer sandbox-us1") == 200
    assert status("Bearer nonsense") == status("Basic nonsense") == status("") == 401


def test_ten_items_come_unless_more_are_asked_for(mailchimp: Running) -> None:
    answer = ask(mailchimp, "/lists/L1/members").json()
    assert (len(answer["members"]), answer["total_items"]) == (10, 11)  # twelve addresses, one of them archived
    rest = items(mailchimp, "/lists/L1/members", "members", offset=10)
    ids = [one["id"] for one in answer["members"] + rest]
    assert len(set(ids)) == 11
    assert mailchimp.sandbox.requests.pages() == {"/lists/{list}/members": 2}


def test_fields_are_chosen_and_left_out(mailchimp: Running) -> None:
    chosen = ask(mailchimp, "/lists/L1/members", fields="total_items,members.merge_fields.FNAME", count=1).json()
    assert chosen == {"total_items": 11, "members": [{"merge_fields": {"FNAME": "Ada"}}]}
    rest = ask(mailchimp, "/lists/L1/members", exclude_fields="members.merge_fields,_links", count=1).json()
    assert set(rest) == {"members", "total_items", "list_id"}
    assert "merge_fields" not in rest["members"][0]
    assert rest["members"][0]["full_name"] == "Ada Lovelace"


def test_one_address_is_one_member_whose_last_opt_in_counts(mailchimp: Running) -> None:
    [twice] = [
        one for one in items(mailchimp, "/lists/L1/members", "members", count=99) if "00" in one["email_address"]
    ]
    assert twice["email_address"] == "P00@Example.com"
    assert twice["timestamp_signup"] == "2026-03-01T12:00:00+00:00"
    assert twice["timestamp_opt"] == twice["last_changed"] == "2026-03-01T15:00:00+00:00"
    mailchimp.set_clock(NOON + 2 * HOUR)
    [before] = items(mailchimp, "/lists/L1/members", "members", since_timestamp_opt=NOON.isoformat(), count=99)
    assert before["timestamp_opt"] == "2026-03-01T13:00:00+00:00"


def test_archived_members_show_only_when_asked_for(mailchimp: Running) -> None:
    assert [one["email_address"] for one in items(mailchimp, "/lists/L1/members", "members", status="archived")] == [
        "P01@Example.com"
    ]
    everybody = items(mailchimp, "/lists/L1/members", "members", count=99)
    assert "archived" not in {one["status"] for one in everybody}


def test_members_are_filtered_and_sorted_by_their_last_change(mailchimp: Running) -> None:
    after = items(mailchimp, "/lists/L1/members", "members", since_last_changed=(NOON + HOUR).isoformat())
    assert [one["email_address"] for one in after] == ["P00@Example.com"]
    before = items(mailchimp, "/lists/L1/members", "members", before_last_changed=(NOON + HOUR).isoformat(), count=99)
    assert len(before) == 10
    newest = items(mailchimp, "/lists/L1/members", "members", sort_field="last_changed", sort_dir="DESC", count=1)
    assert newest == after


def test_a_report_of_an_ab_test_sums_its_children(mailchimp: Running) -> None:
    parent = ask(mailchimp, "/reports/P1").json()
    assert parent["emails_sent"] == 2
    assert parent["bounces"] == {"hard_bounces": 0, "soft_bounces": 1, "syntax_errors": 0}
    assert (parent["opens"]["unique_opens"], parent["opens"]["proxy_excluded_unique_opens"]) == (1, 0)
    assert parent["clicks"]["unique_subscriber_clicks"] == 1  # a scanner's click looks like a person's


def test_an_automation_is_no_campaign_but_has_a_report(mailchimp: Running) -> None:
    campaigns = {one["id"] for one in items(mailchimp, "/campaigns", "campaigns")}
    reports = {one["id"] for one in items(mailchimp, "/reports", "reports")}
    assert campaigns == reports == {"R1", "P1", "C1", "C2", "J1"}
    report = ask(mailchimp, "/reports/S1").json()
    assert (report["type"], report["emails_sent"]) == ("automation", 2)
    # Two spellings of one address got one each and opened it: one member.
    assert (report["opens"]["opens_total"], report["opens"]["unique_opens"]) == (2, 1)


def test_nothing_shows_before_it_happens(mailchimp: Running) -> None:
    mailchimp.set_clock(NOON + DAY - HOUR)
    assert items(mailchimp, "/campaigns", "campaigns") == []
    assert ask(mailchimp, "/reports/R1").status_code == 404
    assert ask(mailchimp, "/reports/S1").json()["emails_sent"] == 0
    mailchimp.set_clock(NOON + DAY + HOUR)
    report = ask(mailchimp, "/reports/C1").json()
    assert (report["emails_sent"], report["opens"]["opens_total"], report["opens"]["last_open"]) == (1, 0, "")


def test_campaigns_and_reports_are_filtered_by_send_time(mailchimp: Running) -> None:
    sent_at = (NOON + DAY).isoformat()
    for holder in ("campaigns", "reports"):
        assert items(mailchimp, f"/{holder}", holder, since_send_time=sent_at) == []  # later than, not from
        assert len(items(mailchimp, f"/{holder}", holder, since_send_time=NOON.isoformat())) == 5
    assert items(mailchimp, "/campaigns", "campaigns", status="save") == []


def test_a_deleted_campaign_takes_its_report_with_it(world: World) -> None:
    world.mailings[0] = replace(world.mailings[0], deleted_at=NOON + 3 * DAY)
    world.mailings[5] = replace(world.mailings[5], deleted_at=NOON + 3 * DAY)
    with running(world, NOON + 2 * DAY, only=["mailchimp"]) as mailchimp:
        assert ask(mailchimp, "/reports/R1").status_code == ask(mailchimp, "/reports/S1").status_code == 200
        mailchimp.set_clock(NOON + 3 * DAY)
        for holder in ("campaigns", "reports"):
            assert {one["id"] for one in items(mailchimp, f"/{holder}", holder)} == {"P1", "C1", "C2", "J1"}
        assert items(mailchimp, "/automations/A1/emails", "emails") == []
        assert ask(mailchimp, "/reports/R1").status_code == ask(mailchimp, "/reports/S1").status_code == 404


def test_a_removed_list_takes_its_members_with_it_and_leaves_its_campaigns(world: World) -> None:
    world.mail_lists[0] = replace(world.mail_lists[0], removed_at=NOON + 3 * DAY)
    with running(world, NOON + 2 * DAY, only=["mailchimp"]) as mailchimp:
        assert ask(mailchimp, "/reports/P1").json()["list_is_active"]
        mailchimp.set_clock(NOON + 3 * DAY)
        assert items(mailchimp, "/lists", "lists") == []
        assert ask(mailchimp, "/lists/L1/members").status_code == 404
        report = ask(mailchimp, "/reports/P1").json()
        assert (report["list_is_active"], report["emails_sent"]) == (False, 2)


def test_faults_leave_a_field_out_or_call_a_status_otherwise(mailchimp: Running) -> None:
    mailchimp.fault("/members", "missing_column")
    assert "timestamp_opt" not in items(mailchimp, "/lists/L1/members", "members")[0]
    mailchimp.set_clock(NOON + HOUR)
    mailchimp.fault("/members", "renamed_enum")
    assert {one["status"] for one in items(mailchimp, "/lists/L1/members", "members", count=99)} == {
        "active",
        "pending",
    }
