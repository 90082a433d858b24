"""The Mailchimp connector against the Mailchimp API, over a real socket."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from pipelines.connector import AccessRefused
from pipelines.identity import email_key, keyed_hash
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.mailchimp import CONNECTOR, MailchimpOptions
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
from sandbox.server import Running
from sandbox.vendors.mailchimp import reports
from tests.pipelines.vendors import First, Vendor, copied, meanwhile, passing_faults, queries, unsent, written

FIRST_DAY, THROUGH = date(2026, 1, 1), date(2026, 3, 15)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ADDRESSES = {
    "ada": " Ada.Lovelace@Gmail.com ",  # subscribed, left and came back
    "bob": "bob@example.com",  # subscribed
    "cleo": "cleo@example.com",  # archived
    "dora": "dora@example.com",  # never confirmed
    "emil": "emil@example.com",  # only written to
    "fay": "fay@example.com",  # imported without an opt-in
    "gil": "gil@example.com",  # cleaned
}
KINDS = {"emil": "transactional", "fay": "imported"}


def contact(name: str, list_id: str = "L1", created_at: datetime = NOON - 30 * DAY) -> Contact:
    return Contact(name, "mailchimp", list_id, 1, ADDRESSES[name], KINDS.get(name, "subscriber"), created_at)


def mailing(mailing_id: str, kind: str, sent_at: datetime = NOON, **more: Any) -> Mailing:
    return replace(Mailing(mailing_id, "mailchimp", "L1", kind, None, None, f"Letter {mailing_id}", sent_at), **more)


def small_world() -> World:
    subscribed = NOON - 20 * DAY
    return World(
        FIRST_DAY,
        THROUGH,
        people=[Person(1, "ada.lovelace@gmail.com", (), "Augusta", "Byron", "", "", "FR")],
        mail_lists=[
            MailList("L1", "mailchimp", "Letter", NOON - 90 * DAY),
            MailList("L2", "mailchimp", "Webinar", NOON - 90 * DAY),
            MailList("7", "brevo", "Elsewhere", NOON - 90 * DAY),
        ],
        contacts=[
            *(contact(name) for name in ADDRESSES),
            replace(contact("bob", "L2"), contact_id="bob2"),
        ],
        contact_events=[
            ContactEvent("ada", "signup", subscribed - HOUR),
            ContactEvent("ada", "confirm", subscribed),
            ContactEvent("ada", "unsubscribe", NOON - 5 * DAY),
            ContactEvent("ada", "confirm", NOON + 5 * DAY),
            ContactEvent("bob", "confirm", subscribed),
            ContactEvent("bob2", "confirm", subscribed + HOUR),
            ContactEvent("cleo", "confirm", subscribed),
            ContactEvent("cleo", "archive", NOON),
            ContactEvent("dora", "signup", subscribed),
            ContactEvent("gil", "confirm", subscribed),
            ContactEvent("gil", "clean", NOON),
        ],
        automations=[Automation("A1", "mailchimp", "L1", "Follow-up", True, NOON - 10 * DAY)],
        mailings=[
            mailing("R1", "regular"),
            mailing("P1", "ab_parent", NOON + DAY),
            mailing("C1", "ab_child", NOON + DAY, parent_id="P1"),
            mailing("C2", "ab_child", NOON + DAY, parent_id="P1"),
            mailing("J1", "journey", NOON + 2 * DAY),
            mailing("S1", "automation", NOON - 10 * DAY, automation_id="A1"),
        ],
        mail_sends=[
            MailSend(1, "R1", "ada", NOON, ""),
            MailSend(2, "R1", "bob", NOON, ""),
            MailSend(3, "R1", "gil", NOON, "hard"),
            MailSend(4, "C1", "ada", NOON + DAY, ""),
            MailSend(5, "C2", "bob", NOON + DAY, "soft"),
            MailSend(6, "J1", "ada", NOON + 2 * DAY, ""),
            MailSend(7, "S1", "ada", NOON, ""),
            MailSend(8, "S1", "ada", NOW + HOUR, ""),
            MailSend(9, "S1", "bob", NOW + 2 * HOUR, ""),
        ],
        mail_opens=[
            MailOpen(1, NOON + HOUR, NOON + HOUR, by_proxy=False),
            MailOpen(1, NOON + 2 * HOUR, NOON + 2 * HOUR, by_proxy=False),
            MailOpen(2, NOON + HOUR, NOON + HOUR, by_proxy=True),
            MailOpen(2, NOW, NOW + HOUR, by_proxy=False),
            MailOpen(7, NOON + HOUR, NOON + HOUR, by_proxy=False),
            MailOpen(8, NOW + 2 * HOUR, NOW + 2 * HOUR, by_proxy=False),
        ],
        mail_clicks=[
            MailClick(1, NOON + HOUR, NOON + HOUR, False, "https://boutique.example/"),
            MailClick(1, NOON + HOUR, NOON + HOUR, False, "https://boutique.example/"),
            MailClick(1, NOON + HOUR, NOON + HOUR, False, "https://boutique.example/offre"),
            MailClick(2, NOON, NOON, True, "https://boutique.example/"),
        ],
    )


VENDOR = Vendor(CONNECTOR, MailchimpOptions, small_world, NOW, FIRST_DAY)
pull, rows, everything = VENDOR.pull, VENDOR.rows, VENDOR.everything


@pytest.fixture(scope="module")
def at_noon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first load two weeks before the usual one."""
    return VENDOR.first(tmp_path_factory.mktemp("noon"), NOON).folder


def vendor_id(name: str) -> str:
    return hashlib.md5(ADDRESSES[name].strip().lower().encode(), usedforsecurity=False).hexdigest()


def member_key(name: str) -> str:
    return keyed_hash(vendor_id(name))


def members(folder: Path, list_id: str = "L1") -> dict[str, tuple[str, str]]:
    """Name → status and opt-in, of the members of a list."""
    names = {member_key(name): name for name in ADDRESSES}
    found = rows(folder, f"select member_key, status, timestamp_opt from members where list_id = '{list_id}'")
    return {names[key]: (status, opted_in) for key, status, opted_in in found}


def opens_of(folder: Path, campaign_id: str) -> tuple[int, int]:
    """Who opened a campaign, with and without privacy proxies."""
    counts = "opens__unique_opens, opens__proxy_excluded_unique_opens"
    [found] = rows(folder, f"select {counts} from reports where id = '{campaign_id}'")
    return found[0], found[1]


def test_every_state_of_a_member_arrives_as_the_vendor_says_it(loaded: Path) -> None:
    opted_in = "2026-02-09T12:00:00+00:00"
    assert members(loaded) == {
        "ada": ("subscribed", "2026-03-06T12:00:00+00:00"),
        "bob": ("subscribed", opted_in),
        "cleo": ("archived", opted_in),
        "dora": ("pending", ""),
        "emil": ("transactional", ""),
        "fay": ("subscribed", ""),
        "gil": ("cleaned", opted_in),
    }
    assert members(loaded, "L2") == {"bob": ("subscribed", "2026-02-09T13:00:00+00:00")}


def test_a_person_has_one_key_in_every_list(loaded: Path) -> None:
    keys = rows(loaded, f"select list_id, email_key from members where member_key = '{member_key('bob')}' order by 1")
    assert keys == [("L1", email_key("bob@example.com")), ("L2", email_key("bob@example.com"))]
    ada = rows(loaded, f"select email_key from members where member_key = '{member_key('ada')}'")
    assert ada == [(email_key("adalovelace@gmail.com"),)]


def test_only_who_confirmed_has_an_opt_in(loaded: Path) -> None:
    keys = {key for (key,) in rows(loaded, "select member_key from opt_ins where list_id = 'L1'")}
    assert keys == {member_key(name) for name in ("ada", "bob", "cleo", "gil")}


def test_a_second_opt_in_keeps_the_first(served: Running, at_noon: Path, tmp_path: Path) -> None:
    pull(copied(at_noon, tmp_path))
    found = rows(
        tmp_path, f"select timestamp_opt from opt_ins where member_key = '{member_key('ada')}' order by timestamp_opt"
    )
    assert found == [("2026-02-09T12:00:00+00:00",), ("2026-03-06T12:00:00+00:00",)]
    assert members(tmp_path)["ada"] == ("subscribed", "2026-03-06T12:00:00+00:00")


def test_all_pages_arrive(served: Running, loaded: Path, tmp_path: Path) -> None:
    pull(tmp_path, page_rows=2)
    assert everything(tmp_path) == everything(loaded)
    assert served.sandbox.requests.pages()["/lists/{list}/members"] == 4  # six members, no more, an archived one
    assert served.sandbox.requests.pages()["/reports"] == 3  # five reports


def test_a_second_run_adds_nothing_and_asks_only_for_recent_changes(served: Running, first: First, again: Path) -> None:
    assert "since_last_changed" not in queries(first, "/lists/L1/members")[0]
    pull(again)
    assert everything(again) == everything(first.folder)
    # Seven business days of Paris up to the 15th begin on the 9th, 23:00 UTC of the 8th.
    assert {call["since_last_changed"] for call in queries(served, "/lists/L1/members")} == {
        "2026-03-08T22:59:59+00:00"
    }
    assert queries(served, "/reports")[0]["since_send_time"] == "2026-02-15T22:59:59+00:00"
    assert queries(served, "/campaigns")[0]["since_send_time"] == "2026-02-15T22:59:59+00:00"


def test_a_list_that_is_new_here_is_read_whole(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, lists=["L1"])
    assert members(tmp_path, "L2") == {}
    pull(tmp_path)
    assert set(members(tmp_path, "L2")) == {"bob"}


def test_the_vendor_is_asked_once_for_members_and_opt_ins(first: First) -> None:
    assert [call.get("status") for call in queries(first, "/lists/L1/members")] == [None, "archived"]
    assert len(queries(first, "/lists")) == len(queries(first, "/automations")) == 1


def test_nothing_personal_is_asked_for_but_the_address(first: First) -> None:
    fields = queries(first, "/lists/L1/members")[0]["fields"]
    assert fields == (
        "total_items,members.id,members.contact_id,members.email_address,members.status,members.timestamp_signup,"
        "members.timestamp_opt,members.last_changed"
    )


def test_no_address_and_no_vendor_id_of_a_person_reaches_the_disk(loaded: Path) -> None:
    found = written(loaded)
    assert member_key("bob").encode() in found
    for name, address in ADDRESSES.items():
        assert address.strip().lower().encode() not in found
        assert vendor_id(name).encode() not in found
    assert b"augusta" not in found
    assert b"192.0.2.1" not in found


def test_campaigns_of_every_type_arrive_and_name_their_parent(loaded: Path) -> None:
    assert rows(
        loaded, "select id, type, status, list_id, parent_campaign_id, emails_sent from campaigns order by 1"
    ) == [
        ("C1", "variate", "sent", "L1", "P1", 1),
        ("C2", "variate", "sent", "L1", "P1", 1),
        ("J1", "journey-email", "sent", "L1", "", 1),
        ("P1", "variate", "sent", "L1", "", 2),
        ("R1", "regular", "sent", "L1", "", 3),
    ]


def test_a_report_counts_as_the_vendor_does(loaded: Path) -> None:
    bounces = "emails_sent, bounces__hard_bounces, bounces__soft_bounces, bounces__syntax_errors"
    assert rows(loaded, f"select type, {bounces} from reports where id = 'R1'") == [("regular", 3, 1, 0, 0)]
    # Ada, and Bob's proxy, of two delivered; Bob himself shows an hour later.
    assert opens_of(loaded, "R1") == (2, 1)
    # Ada: one link twice, another once; Bob's link was opened by a scanner, which looks like Bob.
    assert rows(loaded, "select clicks__unique_subscriber_clicks from reports where id = 'R1'") == [(2,)]


def test_a_late_open_updates_its_report(served: Running, again: Path) -> None:
    VENDOR.pull_at(served, again, NOW + 2 * HOUR)
    assert opens_of(again, "R1") == (2, 2)


def test_an_automation_is_captured_once_a_day_with_its_lifetime_counters(served: Running, again: Path) -> None:
    tomorrow = NOW + DAY
    served.set_clock(tomorrow)
    pull(again, tomorrow - HOUR)
    pull(again, tomorrow)
    captured = "captured_on, captured_at, emails_sent"
    # Ada got the e-mail twice and opened both: two opens of one person.
    assert rows(
        again, f"select automation_id, id, {captured}, opens__unique_opens from automation_emails order by 3"
    ) == [
        ("A1", "S1", date(2026, 3, 16), NOW, 1, 1),
        ("A1", "S1", date(2026, 3, 17), tomorrow, 3, 1),
    ]
    assert rows(again, f"select id, status, list_id, {captured} from automations order by 4") == [
        ("A1", "sending", "L1", date(2026, 3, 16), NOW, 1),
        ("A1", "sending", "L1", date(2026, 3, 17), tomorrow, 3),
    ]


def test_lists_arrive_with_their_stats(loaded: Path) -> None:
    # Ada, Bob and Fay; Bob alone.
    assert rows(loaded, "select id, name, date_created, stats__member_count from lists order by id") == [
        ("L1", "Letter", "2025-12-01T12:00:00+00:00", 3),
        ("L2", "Webinar", "2025-12-01T12:00:00+00:00", 1),
    ]


def test_rows_are_counted_in_the_load_log(first: First) -> None:
    result = first.result
    counted = {
        "lists": 2,
        "members": 8,
        "opt_ins": 5,
        "campaigns": 5,
        "reports": 5,
        "automations": 1,
        "automation_emails": 1,
    }
    assert result.rows == counted
    logged = rows(first.folder, "select table_name, rows from raw_parcours.loads where source = 'mailchimp'")
    assert dict(logged) == counted


def test_passing_faults_are_survived(served: Running, loaded: Path, tmp_path: Path) -> None:
    passing_faults(served, "/mailchimp/3.0/lists/L1/members", "/mailchimp/3.0/reports/S1")
    served.fault("/mailchimp/3.0/(lists/L2/members|automations$)", "quota_gone", times=2)
    assert pull(tmp_path).warnings == []
    assert served.sandbox.faults.pending() == []
    assert everything(tmp_path) == everything(loaded)


@pytest.mark.parametrize("key", ["f00dcafe", "f00dcafe-", "f00dcafe-us1.example.com/"])
def test_a_key_without_a_data_centre_is_refused_before_it_is_sent(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.delenv("SOURCES__MAILCHIMP__BASE_URL", raising=False)
    monkeypatch.setenv("SOURCES__MAILCHIMP__API_KEY", key)
    with pytest.raises(AccessRefused, match="does not end with a data centre") as refused:
        CONNECTOR.check(MailchimpOptions())
    assert "f00dcafe" not in str(refused.value)


def test_an_unknown_field_does_no_harm_and_is_noted(served: Running, loaded: Path, again: Path) -> None:
    served.fault("/mailchimp", "new_column", times=100)
    VENDOR.pull_at(served, again, NOW + HOUR / 2)
    found, before = everything(again), everything(loaded)
    for name in ("members", "campaigns", "reports"):
        assert found[name] == before[name]
    fields = VENDOR.fields(again, "reports")
    assert (fields["opens__unique_opens"], fields["opens__loyalty_tier"]) == (NOW, NOW + HOUR / 2)


def test_a_count_that_is_a_word_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault("/mailchimp/3.0/reports", "changed_type")
    with pytest.raises(RowRefused, match="mailchimp: reports row 1: emails_sent is a str that is no int64"):
        pull(tmp_path)


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/lists$", "missing_column", "lists row 1: the vendor no longer sends stats__member_count"),
        ("/lists/L1/members", "missing_column", "members row 1: the vendor no longer sends timestamp_opt"),
        ("/lists/L1/members", "renamed_enum", "members row 1: status is 'active', and whether such a row counts"),
        ("/reports$", "missing_column", "reports row 1: the vendor no longer sends opens__unique_opens"),
        ("/reports/S1", "missing_column", "automation_emails row 1: the vendor no longer sends opens__unique_opens"),
    ],
)
def test_what_figures_rest_on_is_missed_by_name_and_all_stays(
    served: Running, at_noon: Path, tmp_path: Path, path: str, kind: str, said: str
) -> None:
    served.fault(f"/mailchimp/3.0{path}", kind, times=100)
    with pytest.raises(SchemaDrift, match=f"mailchimp: {said}.*nothing of this source was loaded"):
        pull(copied(at_noon, tmp_path))
    table = re.split("[ :]", said)[0]
    assert everything(tmp_path)[table] == everything(at_noon)[table]


def test_a_report_of_a_type_that_is_not_known_is_warned_of(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reports.TYPES, "regular", "standard")
    result = pull(tmp_path)
    assert result.warnings == [
        "mailchimp: what a report of the type 'standard' is of is not known; it counts for nothing"
    ]
    assert rows(tmp_path, "select count(*) from reports") == [(5,)]  # a journey's e-mail among them, without a word


def test_caveats_tell_clicks_by_bots_always_and_opens_by_proxies_where_they_are_hidden(
    served: Running, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caveats = "select table_name, date_day, caveat from raw_parcours.caveats order by all"
    assert rows(again, caveats) == [("reports", None, "bot_clicks")]
    shown = reports.Result.opens_part
    monkeypatch.setattr(
        reports.Result,
        "opens_part",
        lambda self: {name: value for name, value in shown(self).items() if not name.startswith("proxy_excluded")},
    )
    pull(again, NOW + HOUR)
    assert rows(again, caveats) == [
        ("automation_emails", date(2026, 3, 16), "proxy_opens"),  # the day of the capture
        ("reports", date(2026, 3, 1), "proxy_opens"),
        ("reports", date(2026, 3, 2), "proxy_opens"),  # of the A/B test; a journey's e-mail of the 3rd is no broadcast
        ("reports", None, "bot_clicks"),
    ]


def reported(folder: Path) -> set[str]:
    """The campaigns that have a report."""
    [(campaigns, reports)] = rows(folder, "select (select list(id) from campaigns), (select list(id) from reports)")
    assert set(campaigns) == set(reports)
    return set(reports)


def test_a_deleted_campaign_vanishes_with_its_report(world: World, loaded: Path, again: Path) -> None:
    world.mailings[0] = replace(world.mailings[0], deleted_at=NOW + DAY)
    with VENDOR.served(world) as sandbox:
        VENDOR.pull_at(sandbox, again, NOW + 2 * DAY)
    assert reported(loaded) - reported(again) == {"R1"}


def test_what_happens_to_an_old_campaign_is_found_by_the_next_deep_load(world: World, again: Path) -> None:
    """R1 was sent on 1 March, C1 on the 2nd: more than 28 days before the loads of April."""
    happens = datetime(2026, 4, 7, 12, tzinfo=UTC)
    world.mailings[0] = replace(world.mailings[0], deleted_at=happens)
    world.mail_opens.append(MailOpen(4, happens, happens, by_proxy=False))
    opened = []
    with VENDOR.served(world) as sandbox:
        # the load of 6 April is deep, that of the 9th is not, that of the 13th is
        for day in (6, 9, 13):
            VENDOR.pull_at(sandbox, again, datetime(2026, 4, day, 5, tzinfo=UTC))
            opened.append(("R1" in reported(again), opens_of(again, "C1")))
    assert opened == [(True, (0, 0)), (True, (0, 0)), (False, (1, 1))]


def test_a_removed_list_is_no_longer_captured_and_its_opt_ins_stay(world: World, again: Path) -> None:
    world.mail_lists[1] = replace(world.mail_lists[1], removed_at=NOW + DAY)
    with VENDOR.served(world) as sandbox:
        assert VENDOR.pull_at(sandbox, again, NOW + 2 * DAY).warnings == []
    assert rows(again, "select id, captured_on from lists order by 2, 1") == [
        ("L1", date(2026, 3, 16)),
        ("L2", date(2026, 3, 16)),
        ("L1", date(2026, 3, 18)),
    ]
    assert rows(again, "select timestamp_opt from opt_ins where list_id = 'L2'") == [("2026-02-09T13:00:00+00:00",)]


def test_a_backfill_asks_for_no_capture(served: Running, again: Path) -> None:
    VENDOR.backfill(again, date(2026, 2, 1), date(2026, 2, 10))
    assert queries(served, "/automations") == queries(served, "/reports/S1") == []
    assert queries(served, "/reports")[0]["since_send_time"] == "2026-01-31T22:59:59+00:00"


def rewind_after(sandbox: Running, path: str, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a path has been answered, the vendor is as it was at an earlier instant: what came since is gone."""

    def rewind(request: requests.PreparedRequest) -> None:
        if urlsplit(request.url or "").path == f"/mailchimp/3.0{path}":
            sandbox.set_clock(now)

    meanwhile(monkeypatch, rewind)


def test_a_list_deleted_meanwhile_is_warned_of_and_read_whole_when_it_is_back(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        rewind_after(served, "/lists", NOON - 91 * DAY, patch)
        result = pull(tmp_path)
    assert "mailchimp: members: list L1 was deleted meanwhile; its members stay as they were" in result.warnings
    assert members(tmp_path) == {}
    served.set_clock(NOW)
    pull(tmp_path)
    assert len(members(tmp_path)) == 7


@pytest.mark.parametrize(
    ("path", "warning"),
    [
        (
            "/automations",
            "mailchimp: automation_emails: automation A1 was deleted meanwhile; its e-mails are not captured",
        ),
        ("/automations/A1/emails", "mailchimp: automation_emails: e-mail S1 has no report; it is not captured"),
    ],
)
def test_an_automation_deleted_meanwhile_is_warned_of(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, warning: str
) -> None:
    rewind_after(served, path, NOON - 11 * DAY, monkeypatch)
    result = pull(tmp_path)
    assert warning in result.warnings
    assert rows(tmp_path, "select id from automation_emails") == []


def test_a_wanted_list_that_does_not_exist_is_warned_of(served: Running, tmp_path: Path) -> None:
    result = pull(tmp_path, lists=["L2", "L9"])
    assert result.warnings == ["mailchimp: list L9 does not exist; correct [sources.mailchimp] lists"]
    assert rows(tmp_path, "select distinct list_id from members") == [("L2",)]


def test_check_names_the_account_and_what_the_options_get_wrong(served: Running) -> None:
    assert CONNECTOR.check(MailchimpOptions(follow_up_automations=["A1"])) == ["account La boutique: 2 lists"]
    assert CONNECTOR.check(MailchimpOptions(lists=["L1", "L9"], follow_up_automations=["A9"])) == [
        "account La boutique: 2 lists",
        "L9 does not exist: correct [sources.mailchimp] lists",
        "A9 does not exist: correct [sources.mailchimp] follow_up_automations",
    ]


def test_without_a_base_url_it_is_the_data_centre_of_the_key_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__MAILCHIMP__BASE_URL", raising=False)
    monkeypatch.setenv("SOURCES__MAILCHIMP__API_KEY", "f00dcafe-us1")
    [asked] = unsent(monkeypatch, lambda: CONNECTOR.check(MailchimpOptions()))
    assert asked.url == "https://us1.api.mailchimp.com/3.0/?fields=account_name"
