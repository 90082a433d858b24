"""The Brevo connector against the Brevo API, over a real socket."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.connector import AccessRefused, QuotaExhausted
from pipelines.identity import email_key
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.brevo import CONNECTOR, BrevoOptions
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
from sandbox.vendors.brevo.mail import Campaigns
from tests.pipelines.vendors import First, Vendor, copied, passing_faults, queries, unsent, written
from tests.staging import stage, staged

FIRST_DAY, THROUGH = date(2025, 3, 1), date(2026, 3, 15)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SUBSCRIBED = NOON - 20 * DAY
OLD = NOON - 300 * DAY  # older than the statistics that a list of campaigns counts
ADDRESSES = {
    "ada": " Ada.Lovelace@Gmail.com ",  # subscribed, left and came back
    "bob": "bob@example.com",  # on two lists
    "cleo": "cleo@example.com",  # deleted
    "dora": "dora@example.com",  # never confirmed
    "emil": "emil@example.com",  # only written to
    "fay": "fay@example.com",  # imported without an opt-in
    "gil": "gil@example.com",  # bounced
}
KINDS = {"emil": "transactional", "fay": "imported"}
OPTIONS: dict[str, Any] = {"opt_in_attribute": "DATE_OPTIN", "follow_up_automations": ["32"]}


def contact(name: str, list_id: str = "12") -> Contact:
    return Contact(name, "brevo", list_id, 1, ADDRESSES[name], KINDS.get(name, "subscriber"), NOON - 30 * DAY)


def mailing(mailing_id: str, kind: str, sent_at: datetime = NOON, **more: Any) -> Mailing:
    return replace(Mailing(mailing_id, "brevo", "12", kind, None, None, f"Letter {mailing_id}", sent_at), **more)


def small_world() -> World:
    return World(
        FIRST_DAY,
        THROUGH,
        people=[Person(1, "ada.lovelace@gmail.com", (), "Augusta", "Byron", "+33612345678", "1 rue Basse", "FR")],
        mail_lists=[
            MailList("12", "brevo", "Newsletter", NOON - 900 * DAY),
            MailList("13", "brevo", "Webinar", NOON - 90 * DAY),
            MailList("L1", "mailchimp", "Elsewhere", NOON - 90 * DAY),
        ],
        contacts=[*(contact(name) for name in ADDRESSES), replace(contact("bob", "13"), contact_id="bob2")],
        contact_events=[
            ContactEvent("ada", "signup", SUBSCRIBED - HOUR),
            ContactEvent("ada", "confirm", SUBSCRIBED),
            ContactEvent("ada", "unsubscribe", NOON - 5 * DAY),
            ContactEvent("ada", "confirm", NOON + 5 * DAY),
            ContactEvent("bob", "confirm", SUBSCRIBED),
            ContactEvent("bob2", "confirm", SUBSCRIBED + HOUR),
            ContactEvent("cleo", "confirm", SUBSCRIBED),
            ContactEvent("cleo", "archive", NOON + DAY),
            ContactEvent("dora", "signup", SUBSCRIBED),
            ContactEvent("gil", "confirm", SUBSCRIBED),
            ContactEvent("gil", "clean", NOON),
        ],
        automations=[Automation("32", "brevo", "12", "Follow-up", True, OLD)],
        mailings=[
            mailing("m1", "regular"),
            mailing("m2", "ab_parent", NOON + DAY),
            mailing("m3", "ab_child", NOON + DAY, parent_id="m2"),
            mailing("m4", "ab_child", NOON + DAY, parent_id="m2"),
            mailing("m5", "journey", NOON + 2 * DAY),
            mailing("m6", "automation", OLD, automation_id="32"),
            mailing("m7", "regular", OLD),
            mailing("m8", "regular", NOON + 3 * DAY, tool="mailchimp"),
        ],
        mail_sends=[
            MailSend(1, "m1", "ada", NOON, ""),
            MailSend(2, "m1", "bob", NOON, ""),
            MailSend(3, "m1", "gil", NOON, "hard"),
            MailSend(4, "m3", "ada", NOON + DAY, ""),
            MailSend(5, "m4", "bob", NOON + DAY, "soft"),
            MailSend(6, "m5", "ada", NOON + 2 * DAY, ""),
            MailSend(7, "m6", "ada", NOON, ""),
            MailSend(8, "m6", "bob", NOON + HOUR, ""),
            MailSend(9, "m6", "gil", NOON, "soft"),
            MailSend(10, "m7", "bob", OLD, ""),
            MailSend(11, "m6", "bob", OLD, ""),
            MailSend(12, "m6", "cleo", NOW + HOUR, ""),
        ],
        mail_opens=[
            MailOpen(1, NOON + HOUR, NOON + HOUR, by_proxy=False),
            MailOpen(1, NOON + 2 * HOUR, NOON + 2 * HOUR, by_proxy=False),
            MailOpen(2, NOON + HOUR, NOON + HOUR, by_proxy=True),
            MailOpen(2, NOW, NOW + HOUR, by_proxy=False),
            MailOpen(7, NOON + HOUR, NOON + HOUR, by_proxy=False),
            MailOpen(7, NOON + 3 * HOUR, NOON + 3 * HOUR, by_proxy=False),
            MailOpen(8, NOON + 2 * HOUR, NOON + 2 * HOUR, by_proxy=True),
            MailOpen(8, NOON + 10 * DAY, NOW + HOUR, by_proxy=False),
            MailOpen(10, OLD + HOUR, OLD + HOUR, by_proxy=False),
        ],
        mail_clicks=[
            MailClick(1, NOON + HOUR, NOON + HOUR, False, "https://boutique.example/"),
            MailClick(1, NOON + HOUR, NOON + HOUR, False, "https://boutique.example/offre"),
            MailClick(2, NOON, NOON, True, "https://boutique.example/"),
        ],
    )


VENDOR = Vendor(CONNECTOR, lambda **more: BrevoOptions(**OPTIONS | more), small_world, NOW, FIRST_DAY)
pull, rows, everything = VENDOR.pull, VENDOR.rows, VENDOR.everything


@pytest.fixture(scope="module")
def at_noon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first load two weeks before the usual one."""
    return VENDOR.first(tmp_path_factory.mktemp("noon"), NOON).folder


def opt_ins(folder: Path) -> set[tuple[str, str]]:
    names = {email_key(address): name for name, address in ADDRESSES.items()}
    return {(names[key], opt_in) for key, opt_in in rows(folder, "select email_key, opt_in from opt_ins")}


def test_who_confirmed_has_an_opt_in_and_who_was_imported_has_none(loaded: Path) -> None:
    assert opt_ins(loaded) == {
        ("ada", "2026-03-06T12:00:00.000Z"),
        ("bob", "2026-02-09T13:00:00.000Z"),  # one contact of two lists: the last confirmation
        ("fay", ""),
        ("gil", "2026-02-09T12:00:00.000Z"),
    }


def test_a_second_opt_in_keeps_the_first_and_a_deleted_contact_stays(
    served: Running, at_noon: Path, tmp_path: Path
) -> None:
    pull(copied(at_noon, tmp_path))
    found = opt_ins(tmp_path)
    assert {opt_in for name, opt_in in found if name == "ada"} == {
        "2026-02-09T12:00:00.000Z",
        "2026-03-06T12:00:00.000Z",
    }
    assert ("cleo", "2026-02-09T12:00:00.000Z") in found


def test_a_second_run_adds_nothing_and_asks_only_for_what_is_recent(served: Running, first: First, again: Path) -> None:
    assert "modifiedSince" not in queries(first, "/contacts")[0]
    pull(again)
    assert everything(again) == everything(first.folder)
    # Seven business days of Paris up to the 15th begin on the 9th; 28 of them on 16 February.
    assert queries(served, "/contacts")[0]["modifiedSince"] == "2026-03-08T23:00:00.000Z"
    sent, archived = [call for call in queries(served, "/emailCampaigns") if call["offset"] == "0"]
    assert (sent["startDate"], sent["endDate"]) == ("2026-02-15T23:00:00.000Z", "2026-03-16T05:00:00.000Z")
    assert (archived["status"], "startDate" in archived) == ("archive", False)
    events = [call for call in queries(served, "/smtp/statistics/events") if call["offset"] == "0"]
    assert {(call["startDate"], call["endDate"]) for call in events} == {("2026-02-14", "2026-03-16")}
    assert {call["event"] for call in events} == {"delivered", "opened", "loadedByProxy"}


def test_another_attribute_is_read_for_everybody(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, opt_in_attribute="")
    assert {opt_in for _, opt_in in opt_ins(tmp_path)} == {""}
    served.sandbox.requests.clear()
    pull(tmp_path)
    assert "modifiedSince" not in queries(served, "/contacts")[0]
    assert ("gil", "2026-02-09T12:00:00.000Z") in opt_ins(tmp_path)


def test_an_attribute_that_is_no_date_is_warned_of_and_never_stored(served: Running, tmp_path: Path) -> None:
    result = pull(tmp_path, opt_in_attribute="SMS")
    assert result.warnings == [
        "brevo: SMS of some contacts is no ISO 8601 date; correct [sources.brevo] opt_in_attribute"
    ]
    assert {opt_in for _, opt_in in opt_ins(tmp_path)} == {""}


def test_a_day_without_a_time_begins_in_the_zone_of_the_business(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.vendors.brevo.mail.Audience.local", lambda _, moment: f"{moment:%Y-%m-%d}")
    pull(tmp_path)
    assert ("gil", "2026-02-08T23:00:00.000Z") in opt_ins(tmp_path)


def test_all_pages_arrive(served: Running, loaded: Path, tmp_path: Path) -> None:
    pull(tmp_path, page_rows=2, event_rows=2, list_rows=1)
    assert everything(tmp_path) == everything(loaded)
    # An empty page ends each: after five contacts, two campaigns, two lists; four messages at most in 90 days.
    assert served.sandbox.requests.pages() == {
        "/contacts": 4,
        "/emailCampaigns": 3,
        "/contacts/lists": 3,
        "/smtp/statistics/events": 3,
    }


def test_a_page_that_repeats_a_row_adds_nothing(served: Running, loaded: Path, tmp_path: Path) -> None:
    served.fault("/brevo", "repeat_page", times=100)
    pull(tmp_path, page_rows=2, event_rows=4, list_rows=3)
    assert everything(tmp_path) == everything(loaded)


def test_the_vendor_is_asked_for_at_most_ninety_days_of_events_at_a_time(first: First) -> None:
    delivered = [call for call in queries(first, "/smtp/statistics/events") if call["event"] == "delivered"]
    spans = {(date.fromisoformat(call["startDate"]), date.fromisoformat(call["endDate"])) for call in delivered}
    # From the day before the first one on: February 27th in UTC, since Paris begins its days an hour earlier.
    assert (min(spans)[0], max(spans)[1], len(spans)) == (date(2025, 2, 27), date(2026, 3, 16), 5)
    assert all((last - first).days < 90 for first, last in spans)


def test_a_history_of_many_years_is_asked_in_parts(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, history_start=date(2021, 1, 1), opt_in_attribute="", follow_up_automations=[])
    sent = [call for call in queries(served, "/emailCampaigns") if call["status"] == "sent"]
    assert len({call["startDate"] for call in sent}) == 3
    assert rows(tmp_path, "select id from campaigns order by 1") == [(1,), (2,), (7,)]


def test_an_old_campaign_keeps_the_statistics_that_its_list_leaves_out(first: First) -> None:
    columns = ", ".join(f"statistics__global_stats__{name}" for name in ("sent", "delivered", "trackable_views"))
    assert rows(first.folder, f"select id, {columns} from campaigns order by 1") == [
        (1, 3, 2, 1),
        (2, 2, 1, 0),
        (7, 1, 1, 1),
    ]
    assert [len(queries(first, f"/emailCampaigns/{number}")) for number in (1, 2, 7)] == [0, 0, 1]


def test_a_first_load_that_was_stopped_asks_for_no_old_campaign_twice(
    served: Running, first: First, tmp_path: Path
) -> None:
    lists = len(queries(first, "/emailCampaigns"))
    served.fault("/emailCampaigns$", "quota_gone", times=10_000, after=lists - 1)
    with pytest.raises(QuotaExhausted):
        pull(tmp_path)
    served.sandbox.faults.clear()
    assert rows(tmp_path, "select id from campaigns where id = 7") == [(7,)]
    pull(tmp_path)
    assert len(queries(served, "/emailCampaigns/7")) == 1
    assert everything(tmp_path)["campaigns"] == everything(first.folder)["campaigns"]


def test_a_late_open_updates_its_campaign_and_its_message(served: Running, again: Path) -> None:
    VENDOR.pull_at(served, again, NOW + 2 * HOUR)
    assert rows(again, "select statistics__global_stats__trackable_views from campaigns where id = 1") == [(2,)]
    opened = rows(again, "select date from events where event = 'opened' and message_id like '%.8@%'")
    assert opened == [("2026-03-11T13:00:00.000+01:00",)]


def test_lists_are_captured_once_a_day(served: Running, again: Path) -> None:
    tomorrow = NOW + DAY
    served.set_clock(tomorrow)
    pull(again, tomorrow - HOUR)
    pull(again, tomorrow)
    counters = "unique_subscribers, total_subscribers, total_blacklisted"
    assert rows(again, f"select id, captured_on, captured_at, {counters} from lists order by 1, 2") == [
        (12, date(2026, 3, 16), NOW, 4, 3, 1),
        (12, date(2026, 3, 17), tomorrow, 4, 3, 1),
        (13, date(2026, 3, 16), NOW, 1, 1, 0),
        (13, date(2026, 3, 17), tomorrow, 1, 1, 0),
    ]


def test_nothing_personal_reaches_the_disk(loaded: Path) -> None:
    found = written(loaded)
    assert email_key(ADDRESSES["bob"]).encode() in found
    for address in ADDRESSES.values():
        assert address.strip().lower().encode() not in found
    for text in (b"augusta", b"byron", b"612345678", b"192.0.2.7", b"letter m", b"mailbox unknown", b"sandbox-brevo"):
        assert text not in found


def test_rows_are_counted_in_the_load_log(first: First) -> None:
    result = first.result
    # Four delivered messages, two opens by people and one by a proxy.
    assert result.rows == {"opt_ins": 4, "campaigns": 3, "events": 7, "lists": 2}
    logged = rows(first.folder, "select table_name, rows from raw_parcours.loads where source = 'brevo'")
    assert dict(logged) == result.rows


def test_passing_faults_are_survived(served: Running, loaded: Path, tmp_path: Path) -> None:
    passing_faults(served, "/contacts$", "/emailCampaigns/7", "/events$", "/lists/12")
    assert pull(tmp_path).warnings == []
    assert served.sandbox.faults.pending() == []
    assert everything(tmp_path) == everything(loaded)


def test_a_key_pasted_with_a_line_break_is_as_good(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__BREVO__API_KEY", "sandbox-brevo\n")
    assert pull(tmp_path).rows["opt_ins"] == 4


def test_an_unknown_field_does_no_harm_and_is_noted(served: Running, loaded: Path, again: Path) -> None:
    served.fault("/brevo", "new_column", times=100)
    VENDOR.pull_at(served, again, NOW + HOUR / 2)
    found, before = everything(again), everything(loaded)
    for name in ("opt_ins", "events"):
        assert found[name] == before[name]
    [(recipients,)] = rows(again, "select recipients from campaigns where id = 1")
    assert json.loads(recipients)["lists"] == [12]
    fields = VENDOR.fields(again, "campaigns")
    assert (fields["statistics"], fields["loyaltyTier"]) == (NOW, NOW + HOUR / 2)


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/contacts$", "missing_column", "opt_ins: the vendor no longer sends listIds"),
        ("/contacts/lists/12", "missing_column", "lists row 2: the vendor no longer sends unique_subscribers"),
        ("/emailCampaigns$", "missing_column", "campaigns row 1: the vendor no longer sends .*stats__delivered"),
        ("/emailCampaigns$", "renamed_enum", "campaigns row 1: type is 'standard', and whether such a row counts"),
        ("/events$", "renamed_enum", "events row [0-9]+: event is 'read', and whether such a row counts"),
    ],
)
def test_what_figures_rest_on_is_missed_by_name_and_all_stays(
    served: Running, at_noon: Path, tmp_path: Path, path: str, kind: str, said: str
) -> None:
    served.fault(f"/brevo/v3.*{path}", kind, times=100)
    with pytest.raises(SchemaDrift, match=f"brevo: {said}.*nothing of this source was loaded"):
        pull(copied(at_noon, tmp_path))
    table = re.split("[ :]", said)[0]
    assert everything(tmp_path)[table] == everything(at_noon)[table]


def test_an_event_without_its_message_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault("/events$", "missing_column", times=100)
    with pytest.raises(RowRefused, match="brevo: events row 1: message_id is missing, but is part of the key"):
        pull(tmp_path)


def test_caveats_tell_clicks_by_bots_always_and_else_the_days_concerned(
    served: Running, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caveats = "select table_name, date_day, caveat from raw_parcours.caveats order by all"
    always = ("campaigns", None, "bot_clicks")
    imported = ("opt_ins", date(2026, 1, 30), "approximate_date")  # Fay: no date of opt-in
    assert rows(again, caveats) == [always, imported]
    shown = Campaigns._stats
    monkeypatch.setattr(
        Campaigns,
        "_stats",
        lambda self, mailing, now, since: {
            name: value for name, value in shown(self, mailing, now, since).items() if not name.startswith("trackable")
        },
    )
    VENDOR.pull_at(served, again, NOW + HOUR)
    hidden = [("campaigns", date(2026, 3, day), "proxy_opens") for day in (1, 2)]
    assert rows(again, caveats) == [*hidden, always, imported]


def test_the_calls_that_are_left_are_noted(first: First) -> None:
    left = "97 of 100 left"
    assert first.result.quota == {
        "calls of contacts": left,
        "calls of emailCampaigns": left,
        "calls of smtp": left,
    }


def morning(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 5, tzinfo=UTC)


def test_an_archived_campaign_is_asked_for_as_well(served: Running, again: Path, tmp_path: Path) -> None:
    """Number 1 was sent on 1 March, and archived on the 21st."""
    campaigns = "select status, sent_date, scheduled_at, statistics__global_stats__sent from campaigns where id = 1"
    VENDOR.pull_at(served, again, morning(3, 20))
    at = "2026-03-01T12:00:00.000Z"
    assert rows(again, campaigns) == [("sent", at, at, 3)]
    VENDOR.pull_at(served, again, morning(3, 25))
    VENDOR.pull_at(served, tmp_path / "once", morning(3, 25))
    assert rows(again, campaigns) == rows(tmp_path / "once", campaigns) == [("archive", None, at, 3)]


def test_what_happens_late_is_found_by_the_next_deep_load(again: Path) -> None:
    """Campaign 2 was sent on 2 March, and message 7 on the 1st: more than 28 days before the loads of April."""
    world, late = small_world(), datetime(2026, 4, 7, 12, tzinfo=UTC)
    world.mail_opens += [
        MailOpen(4, late, late, by_proxy=False),
        MailOpen(8, NOON + 2 * DAY, late, by_proxy=False),  # shown five weeks after it happened
    ]
    opened = []
    with VENDOR.served(world) as sandbox:
        # the load of 6 April is deep, that of the 9th is not, that of the 13th is
        for day in (6, 9, 13):
            VENDOR.pull_at(sandbox, again, morning(4, day))
            [campaign] = rows(again, "select statistics__global_stats__trackable_views from campaigns where id = 2")
            [event] = rows(again, "select count(*) from events where event = 'opened' and date like '2026-03-03%'")
            opened.append((*campaign, *event))
    assert opened == [(0, 0), (0, 0), (1, 1)]


def test_a_deep_load_asks_for_no_more_old_campaigns_by_themselves_than_the_vendor_allows(
    served: Running, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sources.brevo.MOST_ALONE", 0)
    VENDOR.pull_at(served, again, NOW + 8 * DAY)
    assert queries(served, "/emailCampaigns/7") == []
    assert rows(again, "select id, statistics__global_stats__delivered from campaigns order by 1") == [
        (1, 2),
        (2, 1),
        (7, 1),  # as it was
    ]


def test_a_removed_list_is_no_longer_captured_and_its_opt_ins_stay(loaded: Path, again: Path) -> None:
    world = small_world()
    world.mail_lists[0] = replace(world.mail_lists[0], removed_at=NOW + DAY)
    with VENDOR.served(world) as sandbox:
        VENDOR.pull_at(sandbox, again, NOW + 2 * DAY)
    assert rows(again, "select id, captured_on from lists order by 2, 1") == [
        (12, date(2026, 3, 16)),
        (13, date(2026, 3, 16)),
        (13, date(2026, 3, 18)),
    ]
    assert opt_ins(again) == opt_ins(loaded)


def test_a_backfill_asks_for_no_capture(served: Running, again: Path) -> None:
    VENDOR.backfill(again, date(2026, 2, 1), date(2026, 2, 10))
    assert queries(served, "/contacts/lists") == []
    assert queries(served, "/emailCampaigns")[0]["startDate"] == "2026-01-31T23:00:00.000Z"


def test_a_count_that_is_a_word_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault("/brevo/v3/emailCampaigns", "changed_type")
    with pytest.raises(RowRefused, match="brevo: campaigns row 1: statistics__global_stats__delivered is a str"):
        pull(tmp_path)


def test_without_a_base_url_the_vendor_itself_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOURCES__BREVO__BASE_URL", raising=False)
    monkeypatch.setenv("SOURCES__BREVO__API_KEY", "f00dcafe")
    asked = unsent(monkeypatch, lambda: pull(tmp_path), lambda: CONNECTOR.check(BrevoOptions()))
    urls = [str(request.url) for request in asked]
    assert {"https://api.brevo.com/v3/contacts", "https://api.brevo.com/v3/account"} <= {
        url.partition("?")[0] for url in urls
    }
    assert all(url.startswith("https://api.brevo.com/v3/") and "f00dcafe" not in url for url in urls)
    assert {request.headers["api-key"] for request in asked} == {"f00dcafe"}


def test_check_names_the_account_and_what_the_options_get_wrong(served: Running) -> None:
    assert CONNECTOR.check(BrevoOptions(**OPTIONS)) == ["account La boutique: 2 lists, time zone Europe/Paris"]
    assert CONNECTOR.check(BrevoOptions())[1:] == [
        "opt-ins are dated by createdAt, approximately: set [sources.brevo] opt_in_attribute"
    ]
    assert CONNECTOR.check(BrevoOptions(opt_in_attribute="OPTIN", follow_up_automations=["32", "33"]))[1:] == [
        "OPTIN does not exist: correct [sources.brevo] opt_in_attribute",
        "33 sent nothing lately: correct [sources.brevo] follow_up_automations if it should have",
    ]


@pytest.mark.parametrize("key", ["", " "])
def test_check_without_a_key_says_what_to_do(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("SOURCES__BREVO__API_KEY", key)
    with pytest.raises(AccessRefused, match="there is no API key"):
        CONNECTOR.check(BrevoOptions())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Staging over two loads: Hal had been imported at the first, and confirmed before the second."""
    world = small_world()
    world.contact_events.append(ContactEvent("gil", "confirm", NOON + DAY))
    world.contacts.append(Contact("hal", "brevo", "12", 1, "hal@example.com", "imported", NOON - 30 * DAY))
    world.contact_events.append(ContactEvent("hal", "confirm", NOON + 2 * DAY))
    folder = tmp_path_factory.mktemp("staged")
    with VENDOR.served(world) as sandbox:
        VENDOR.pull_at(sandbox, folder, NOON, NOW)
    stage(folder, CONNECTOR)
    yield folder


def test_staged_opt_ins_are_dated_and_only_else_approximate(data: Path) -> None:
    keys = {email_key(address): name for name, address in (ADDRESSES | {"hal": "hal@example.com"}).items()}
    found = staged(data, "stg_brevo__opt_ins", "person_key, opted_in_at, is_approximate")
    assert sorted((keys[key], at, is_approximate) for key, at, is_approximate in found) == [
        ("ada", SUBSCRIBED, False),
        ("ada", NOON + 5 * DAY, False),
        ("bob", SUBSCRIBED + HOUR, False),
        ("cleo", SUBSCRIBED, False),
        ("fay", NOON - 30 * DAY, True),
        ("gil", SUBSCRIBED, False),
        ("gil", NOON + DAY, False),
        ("hal", NOON + 2 * DAY, False),  # seen without a date before
    ]


def test_staged_broadcasts_count_recipients_without_privacy_proxies(data: Path) -> None:
    assert staged(data, "stg_brevo__broadcasts") == [
        # id, list, sent at, sent, delivered, opened, with proxies, clicked, proxies in opens
        ("1", "12", NOON, 3, 2, 1, 2, 2, False),
        ("2", "12", NOON + DAY, 2, 1, 0, 0, 0, False),
        ("7", "12", OLD, 1, 1, 1, 1, 0, False),
    ]


def test_staged_messages_are_those_delivered_with_whether_a_person_opened(data: Path) -> None:
    found = staged(data, "stg_brevo__automation_messages", "automation_id, email_id, sent_at, is_opened, message_id")
    assert [row[:4] for row in found] == [
        ("32", "6", OLD, False),
        ("32", "6", NOON, True),
        ("32", "6", NOON + HOUR, False),  # a proxy only; a person's open shows later
        ("5", "5", NOON + 2 * DAY, False),  # without a tag, the template stands for the automation
    ]
    assert len({row[4] for row in found}) == 4


def test_staged_list_sizes_are_without_who_is_blacklisted(data: Path) -> None:
    assert staged(data, "stg_brevo__list_sizes") == [
        ("12", date(2026, 3, 1), 4),
        ("12", date(2026, 3, 16), 5),
        ("13", date(2026, 3, 1), 1),
        ("13", date(2026, 3, 16), 1),
    ]
