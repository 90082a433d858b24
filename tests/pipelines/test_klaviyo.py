"""The Klaviyo connector against the Klaviyo API, over a real socket."""

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest
import requests

from pipelines.connector import AccessRefused, ConnectorError
from pipelines.identity import email_key
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.klaviyo import CONNECTOR, KlaviyoOptions
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
from sandbox.vendors.klaviyo.records import Event
from tests.pipelines.vendors import First, Vendor, copied, meanwhile, passing_faults, queries, unsent, written
from tests.staging import stage, staged

SPECIFICATION = Path(__file__).parents[3] / "shared" / "contracts" / "klaviyo" / "openapi.json"
FIRST_DAY, THROUGH = date(2026, 1, 1), date(2026, 3, 15)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SUBSCRIBED = NOON - 20 * DAY
LONG_AGO = datetime(2025, 6, 1, 9, 0, tzinfo=UTC)  # before the history that is asked for
ADDRESSES = {
    "ada": " Ada.Lovelace@Gmail.com ",  # subscribed, left and came back
    "bob": "bob@example.com",  # subscribed long ago
    "cleo": "cleo@example.com",  # subscribed, then deleted
    "dora": "dora@example.com",  # never confirmed
    "emil": "emil@example.com",  # only written to
    "fay": "fay@example.com",  # imported without an opt-in
    "gil": "gil@example.com",  # subscribed, then bounced
}
KINDS = {"emil": "transactional", "fay": "imported"}
PERSONAL = (
    *(b"augusta", b"byron", b"+33600000000", b"quai", b"192.0.2.1", b"apple mail", b"lettre du printemps", b"_kx="),
    *(address.strip().lower().encode() for address in ADDRESSES.values()),
)


def contact(name: str) -> Contact:
    created = LONG_AGO - HOUR if name == "bob" else SUBSCRIBED - HOUR
    return Contact(name, "klaviyo", "K1", 1, ADDRESSES[name], KINDS.get(name, "subscriber"), created)


def mailing(mailing_id: str, kind: str, sent_at: datetime = NOON, **more: Any) -> Mailing:
    written = Mailing(mailing_id, "klaviyo", "K1", kind, None, None, "Lettre du printemps", sent_at)
    return replace(written, **more)


def business() -> World:
    return World(
        FIRST_DAY,
        THROUGH,
        people=[Person(1, "ada.lovelace@gmail.com", (), "Augusta", "Byron", "+33600000000", "3 quai", "FR")],
        mail_lists=[
            MailList("K1", "klaviyo", "Newsletter", LONG_AGO),
            MailList("K2", "klaviyo", "Webinaire", NOON - DAY),
            MailList("7", "brevo", "Elsewhere", LONG_AGO),
        ],
        contacts=[
            *(contact(name) for name in ADDRESSES),
            Contact("hal", "klaviyo", "K1", 1, "", "transactional", SUBSCRIBED),  # known by telephone only
        ],
        contact_events=[
            ContactEvent("ada", "signup", SUBSCRIBED - HOUR),
            ContactEvent("ada", "confirm", SUBSCRIBED),
            ContactEvent("ada", "unsubscribe", NOON - 5 * DAY),
            ContactEvent("ada", "confirm", NOON + 5 * DAY),
            ContactEvent("bob", "confirm", LONG_AGO),
            ContactEvent("cleo", "confirm", SUBSCRIBED),
            ContactEvent("cleo", "archive", NOON + DAY),
            ContactEvent("dora", "signup", SUBSCRIBED),
            ContactEvent("gil", "confirm", SUBSCRIBED),
            ContactEvent("gil", "clean", NOON),
        ],
        automations=[Automation("VkFlw1", "klaviyo", "K1", "Follow-up", True, NOON - 10 * DAY)],
        mailings=[
            mailing("old", "regular", LONG_AGO + 30 * DAY),
            mailing("R1", "regular"),
            mailing("A1", "regular", NOON - 2 * DAY),  # put away since
            mailing("P2", "ab_parent", NOON + DAY),
            mailing("C1", "ab_child", NOON + DAY, parent_id="P2"),
            mailing("C2", "ab_child", NOON + DAY, parent_id="P2"),
            mailing("draft", "regular", NOW + HOUR),
            mailing("J1", "journey", NOON + 2 * DAY),
            mailing("S1", "automation", NOON - 10 * DAY, automation_id="VkFlw1"),
        ],
        mail_sends=[
            MailSend(1, "R1", "ada", NOON, ""),
            MailSend(2, "R1", "bob", NOON, ""),
            MailSend(3, "R1", "cleo", NOON, ""),
            MailSend(4, "R1", "gil", NOON, "hard"),
            MailSend(5, "C1", "ada", NOON + DAY, ""),
            MailSend(6, "C2", "bob", NOON + DAY, "soft"),
            MailSend(7, "J1", "ada", NOON + 2 * DAY, ""),
            MailSend(8, "S1", "ada", NOON - 5 * DAY, ""),
            MailSend(9, "S1", "ada", NOON + 5 * DAY, ""),
            MailSend(10, "S1", "bob", NOON + 5 * DAY, ""),
            MailSend(11, "S1", "gil", NOON + 5 * DAY, "soft"),
            MailSend(12, "old", "bob", LONG_AGO + 30 * DAY, ""),
            MailSend(13, "A1", "ada", NOON - 2 * DAY, ""),
        ],
        mail_opens=[
            MailOpen(1, NOON + HOUR, NOON + HOUR, by_proxy=False),
            MailOpen(1, NOON + 2 * HOUR, NOON + 2 * HOUR, by_proxy=False),
            MailOpen(2, NOON + HOUR, NOON + HOUR, by_proxy=True),
            MailOpen(3, NOON + 3 * HOUR, NOW + HOUR, by_proxy=False),  # shows two weeks late
            MailOpen(9, NOON + 6 * DAY, NOON + 6 * DAY, by_proxy=False),
            MailOpen(10, NOON + 6 * DAY, NOON + 6 * DAY, by_proxy=True),
            MailOpen(12, NOON - 59 * DAY, NOON - 59 * DAY, by_proxy=False),
        ],
        mail_clicks=[
            MailClick(1, NOON + HOUR, NOON + HOUR, False, "https://boutique.example/"),
            MailClick(1, NOON + 2 * HOUR, NOON + 2 * HOUR, False, "https://boutique.example/offre"),
            MailClick(2, NOON, NOON, True, "https://boutique.example/"),
        ],
    )


VENDOR = Vendor(CONNECTOR, KlaviyoOptions, business, NOW, FIRST_DAY)
pull, rows, everything = VENDOR.pull, VENDOR.rows, VENDOR.everything


@pytest.fixture(scope="module")
def at_noon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first load two weeks before the usual one: on the day of the broadcast."""
    return VENDOR.first(tmp_path_factory.mktemp("noon"), NOON).folder


@pytest.fixture(scope="module")
def models(at_noon: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Staging over two loads: one on the day of the broadcast, and one two weeks later."""
    folder = copied(at_noon, tmp_path_factory.mktemp("models"))
    with VENDOR.served():
        pull(folder)
    stage(folder, CONNECTOR)
    return folder


@pytest.fixture(scope="module")
def other_models(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same where the vendor spells flags otherwise, says nothing of an open, and had no event for an opt-in."""
    folder = tmp_path_factory.mktemp("other")
    shutil.copy(models / "warehouse.duckdb", folder)
    properties = "attributes__event_properties"
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("set schema = 'raw_klaviyo'")
        for wanted, other in (
            ('"machine_open": true', '"Apple Privacy Open": "1.0", "$machine_open": false'),
            ('"machine_open": false', '"Apple Privacy Open": "0.0"'),
            ('"Bot Click"', '"bot_click"'),
        ):
            warehouse.execute(f"update events set {properties} = replace({properties}, ?, ?)", [wanted, other])
        warehouse.execute(
            f"insert into events by name select * replace ('new' as id, 'Opened Email' as metric_name) from events "
            f"where metric_name = 'Received Email' and {properties} like '%C1Msg%'"
        )
        gil = f"(select id from profiles where email_key = '{email_key(ADDRESSES['gil'])}')"
        warehouse.execute(f"delete from opt_in_events where relationships__profile__data__id in {gil}")
        warehouse.execute(
            "insert into profiles by name select * replace ('2026-03-09T12:00:00+00:00' as consent_timestamp) "
            f"from profiles where id in {gil}"
        )
    stage(folder, CONNECTOR)
    return folder


def consents(folder: Path, name: str) -> list[tuple[str, str]]:
    key = email_key(ADDRESSES[name])
    return rows(folder, f"select consent, consent_timestamp from profiles where email_key = '{key}' order by all")


def opt_ins(folder: Path) -> set[tuple[str, datetime, bool]]:
    names = {email_key(address): name for name, address in ADDRESSES.items()}
    found = staged(folder, "stg_klaviyo__opt_ins", "person_key, opted_in_at, is_approximate")
    return {(names[key], at, approximate) for key, at, approximate in found}


def test_all_pages_arrive(served: Running, loaded: Path, tmp_path: Path) -> None:
    pull(tmp_path, event_rows=3, page_rows=2, list_rows=1)
    assert everything(tmp_path) == everything(loaded)
    # Nine deliveries; six profiles with an address and one without; three campaigns in use, of which one is old.
    assert served.sandbox.requests.pages() == {
        "/metrics": 1, "/events": 3, "/profiles": 4, "/campaigns": 2, "/lists": 2,
    }  # fmt: skip


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendors' specifications are not beside the repository")
def test_only_what_the_specification_knows_is_asked_for(served: Running, first: First) -> None:
    CONNECTOR.check(KlaviyoOptions(follow_up_automations=["VkFlw1"]))
    paths = json.loads(SPECIFICATION.read_text())["paths"]
    for call in first.requests() + served.requests():
        path = (
            call.path.removeprefix("/klaviyo").replace("/lists/K1", "/lists/{id}").replace("/lists/K2", "/lists/{id}")
        )
        known = {one["name"]: one["schema"] for one in paths[path]["get"]["parameters"]}
        for name, value in call.query:
            choices = known[name].get("items", known[name]).get("enum")
            assert choices is None or set(value.split(",")) <= set(choices), (path, name)


def test_rows_are_counted_in_the_load_log(first: First) -> None:
    counted = {"events": 21, "opt_in_events": 10, "profiles": 6, "campaigns": 3, "lists": 2}
    assert first.result.rows == counted
    logged = rows(first.folder, "select table_name, rows from raw_parcours.loads where source = 'klaviyo'")
    assert dict(logged) == counted


def test_a_second_run_adds_nothing_and_asks_only_for_recent_changes(served: Running, first: First, again: Path) -> None:
    assert "filter" not in queries(first, "/profiles")[0]
    pull(again)
    assert everything(again) == everything(first.folder)
    # Business days of Paris up to the 15th: twenty-eight begin on 16 February, seven on 9 March.
    asked = {call["filter"].partition("),")[2] for call in queries(served, "/events")}
    until, since = "less-or-equal(datetime,2026-03-16T05:00:00+00:00)", "2026-02-15T23:00:00+00:00"
    assert asked == {f"{until},greater-or-equal(datetime,{since})"}
    assert queries(served, "/profiles")[0]["filter"] == "greater-than(updated,2026-03-08T22:59:59+00:00)"


def test_opt_ins_are_read_from_the_beginning_and_mail_from_the_history_on(loaded: Path) -> None:
    first = "select min(attributes__datetime) from"
    assert rows(loaded, f"{first} opt_in_events") == [("2025-06-01T09:00:00+00:00",)]
    assert rows(loaded, f"{first} events where metric_name = 'Received Email'") == [("2026-02-24T12:00:00+00:00",)]


def test_a_campaign_of_before_the_history_and_a_draft_are_left_out(loaded: Path) -> None:
    assert rows(loaded, "select id, attributes__status, messages from campaigns order by 1") == [
        ("A1", "Sent", '["A1Msg"]'),
        ("P2", "Sent", '["C1Msg", "C2Msg"]'),
        ("R1", "Sent", '["R1Msg"]'),
    ]


def test_an_open_that_shows_two_weeks_late_arrives_under_its_own_time(served: Running, again: Path) -> None:
    late = "select attributes__datetime from events where id = '3o3'"
    assert rows(again, late) == []
    VENDOR.pull_at(served, again, NOW + 2 * HOUR)
    assert rows(again, late) == [("2026-03-01T15:00:00+00:00",)]


def test_every_consent_that_was_shown_stays(served: Running, tmp_path: Path) -> None:
    VENDOR.pull_at(served, tmp_path, NOON - 10 * DAY, NOON, NOW)
    assert consents(tmp_path, "ada") == [
        ("SUBSCRIBED", "2026-02-09T12:00:00+00:00"),
        ("SUBSCRIBED", "2026-03-06T12:00:00+00:00"),
        ("UNSUBSCRIBED", "2026-02-24T12:00:00+00:00"),
    ]


def test_a_deleted_profile_stays_and_one_without_an_address_does_not_come(
    served: Running, loaded: Path, at_noon: Path, tmp_path: Path
) -> None:
    assert consents(loaded, "cleo") == []
    pull(copied(at_noon, tmp_path))
    assert consents(tmp_path, "cleo") == [("SUBSCRIBED", "2026-02-09T12:00:00+00:00")]
    assert rows(tmp_path, "select count(*) from profiles where email_key = ''") == [(0,)]


def test_a_connected_tool_with_metrics_of_the_same_names_is_not_read(first: First) -> None:
    asked = {call["filter"].partition("),")[0] for call in queries(first, "/events")}
    metrics = ("KlvRcv", "KlvBnc", "KlvOpn", "KlvClk", "KlvSub", "KlvLst")
    assert asked == {f'equals(metric_id,"{one}"' for one in metrics}


def test_a_list_that_is_deleted_meanwhile_is_left_out(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rewind(request: requests.PreparedRequest) -> None:
        if urlsplit(request.url or "").path == "/klaviyo/api/lists":
            served.set_clock(NOON - 2 * DAY)  # the second list does not exist yet

    meanwhile(monkeypatch, rewind)
    pull(tmp_path)
    assert rows(tmp_path, "select id from lists") == [("K1",)]


def test_passing_faults_are_survived(served: Running, loaded: Path, tmp_path: Path) -> None:
    passing_faults(served, "/events$", "/profiles$", "/campaigns$", "/lists/K1$", "/metrics$")
    assert pull(tmp_path).warnings == []
    assert served.sandbox.faults.pending() == []
    assert everything(tmp_path) == everything(loaded)


@pytest.mark.parametrize("path", ["/events", "/profiles", "/campaigns", "/metrics"])
def test_a_page_that_names_itself_as_the_next_is_survived(
    served: Running, loaded: Path, tmp_path: Path, path: str
) -> None:
    served.fault(f"{path}$", "repeat_page")
    assert pull(tmp_path).warnings == []
    assert everything(tmp_path) == everything(loaded)


def test_an_empty_key_is_refused_before_it_is_sent(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__KLAVIYO__API_KEY", "")
    with pytest.raises(AccessRefused, match="there is no API key"):
        CONNECTOR.check(KlaviyoOptions())
    assert served.requests() == []


def test_an_unknown_field_does_no_harm_and_is_noted_but_not_kept(
    served: Running, loaded: Path, again: Path, tmp_path: Path
) -> None:
    served.fault("/klaviyo", "new_column", times=100)
    pull(tmp_path / "more")
    assert everything(tmp_path / "more") == everything(loaded)
    pull(again, NOW + HOUR / 2)
    assert b"gold" not in written(tmp_path)
    fields = VENDOR.fields(again, "campaigns")
    assert (fields["attributes__send_time"], fields["attributes__loyalty_tier"]) == (NOW, NOW + HOUR / 2)


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/events", "missing_column", "events row 1: the vendor no longer sends attributes__datetime"),
        ("/profiles", "missing_column", "profiles row 1: the vendor no longer sends attributes__updated"),
        ("/profiles", "renamed_enum", "profiles row [0-9]: consent is 'OPTED_IN', and whether such a row counts"),
        ("/campaigns", "missing_column", "campaigns row 1: the vendor no longer sends attributes__send_time"),
        ("/lists/K1", "missing_column", "lists row 1: the vendor no longer sends attributes__profile_count"),
    ],
)
def test_what_figures_rest_on_is_missed_by_name_and_all_stays(
    served: Running, at_noon: Path, tmp_path: Path, path: str, kind: str, said: str
) -> None:
    served.fault(f"/klaviyo/api{path}$", kind, times=100)
    with pytest.raises(SchemaDrift, match=f"klaviyo: {said}.*nothing of this source was loaded"):
        pull(copied(at_noon, tmp_path))
    table = re.split("[ :]", said)[0]
    assert everything(tmp_path)[table] == everything(at_noon)[table]


def test_opens_that_say_nothing_of_machines_are_a_caveat_of_the_day_of_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caveats = "select table_name, date_day, caveat from raw_parcours.caveats"
    shown = Event.shown_properties

    def without_flag(event: Event, now: datetime) -> dict[str, Any]:
        return {name: value for name, value in shown(event, now).items() if name != "machine_open"}

    world = business()
    world.mail_opens[2] = MailOpen(13, NOON, NOON, by_proxy=True)  # of A1, sent two days before
    with VENDOR.served(world):
        pull(tmp_path)
        assert rows(tmp_path, caveats) == []
        monkeypatch.setattr(Event, "shown_properties", without_flag)
        pull(tmp_path)
    # A1 and R1; of the flow's e-mails, opened on the 7th, the day of the open stands for that of sending
    assert rows(tmp_path, f"{caveats} order by all") == [
        ("events", date(2026, 2, 27), "proxy_opens"),
        ("events", date(2026, 3, 1), "proxy_opens"),
        ("events", date(2026, 3, 7), "proxy_opens"),
    ]


def test_the_calls_that_are_left_are_noted(first: First) -> None:
    paths = ("metrics", "events", "profiles", "campaigns", "lists")
    assert first.result.quota == {f"calls of {path} in a minute": "3499 of 3500 left" for path in paths}


def campaign_ids(folder: Path) -> set[str]:
    return {found for (found,) in rows(folder, "select id from campaigns")}


def test_a_deleted_campaign_vanishes_and_its_events_name_it_no_more(again: Path) -> None:
    world = business()
    world.mailings[1] = replace(world.mailings[1], deleted_at=NOW + DAY)
    named = "select count(*) from events where attributes__event_properties like '%R1%'"
    assert campaign_ids(again) == {"R1", "A1", "P2"}
    # four messages, two opens and one by a proxy, three clicks
    assert rows(again, named) == [(10,)]
    with VENDOR.served(world) as sandbox:
        VENDOR.pull_at(sandbox, again, NOW + 2 * DAY)
    assert campaign_ids(again) == {"A1", "P2", "draft"}  # which was sent meanwhile
    assert rows(again, named) == [(0,)]
    # the others, and the open of Cleo that shows meanwhile
    assert rows(again, "select count(*) from events") == [(22,)]


def test_what_happens_late_is_found_by_the_next_deep_load(again: Path) -> None:
    """R1 was sent on 1 March: more than 28 days before the loads of April."""
    world, late = business(), datetime(2026, 4, 7, 12, tzinfo=UTC)
    world.mailings[1] = replace(world.mailings[1], deleted_at=late)
    world.mail_opens.append(MailOpen(5, NOON + 2 * DAY, late, by_proxy=False))  # shown five weeks after it happened
    found = []
    with VENDOR.served(world) as sandbox:
        # the load of 6 April is deep, that of the 9th is not, that of the 13th is
        for day in (6, 9, 13):
            VENDOR.pull_at(sandbox, again, datetime(2026, 4, day, 5, tzinfo=UTC))
            [(late_opens,)] = rows(again, "select count(*) from events where id = '3o7'")
            found.append(("R1" in campaign_ids(again), late_opens))
    assert found == [(True, 0), (True, 0), (False, 1)]


def test_a_removed_list_is_no_longer_captured(again: Path) -> None:
    world = business()
    world.mail_lists[1] = replace(world.mail_lists[1], removed_at=NOW + DAY)
    with VENDOR.served(world) as sandbox:
        VENDOR.pull_at(sandbox, again, NOW + 2 * DAY)
    assert rows(again, "select id, captured_on from lists order by 2, 1") == [
        ("K1", date(2026, 3, 16)),
        ("K2", date(2026, 3, 16)),
        ("K1", date(2026, 3, 18)),
    ]


def test_a_backfill_asks_for_no_capture(served: Running, again: Path) -> None:
    VENDOR.backfill(again, date(2026, 2, 1), date(2026, 2, 10))
    assert queries(served, "/lists") == []
    assert "greater-or-equal(datetime,2026-01-31T23:00:00+00:00)" in queries(served, "/events")[0]["filter"]


def test_a_changed_type_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault("/klaviyo/api/lists/K1", "changed_type")
    with pytest.raises(RowRefused, match="klaviyo: lists row 1: attributes__profile_count is a str that is no int64"):
        pull(tmp_path)
    served.fault("/klaviyo/api/events", "changed_type")
    with pytest.raises(ConnectorError, match="klaviyo: event_properties is a str that is no object") as refused:
        pull(tmp_path)
    assert "somebody" not in str(refused.value)


def test_check_names_the_account_and_what_the_options_get_wrong(served: Running) -> None:
    account = "account La boutique: 2 lists, time zone Europe/Paris, currency EUR, API revision 2026-10-15"
    assert CONNECTOR.check(KlaviyoOptions(follow_up_automations=["VkFlw1"])) == [account]
    assert CONNECTOR.check(KlaviyoOptions(follow_up_automations=["VkFlw1", "VkFlw9"])) == [
        account,
        "VkFlw9 does not exist: correct [sources.klaviyo] follow_up_automations",
    ]
    served.set_clock(LONG_AGO - HOUR)
    assert CONNECTOR.check(KlaviyoOptions())[1:] == [
        *(f"no event is called {one} so far" for one in ("Received Email", "Bounced Email")),
        *(f"no event is called {one} so far" for one in ("Opened Email", "Clicked Email")),
        "no event is called Subscribed to Email Marketing or Subscribed to List so far: opt-ins are dated by consent",
    ]


def test_without_a_base_url_it_is_the_vendor_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__KLAVIYO__BASE_URL", raising=False)
    monkeypatch.setenv("SOURCES__KLAVIYO__API_KEY", "pk_f00dcafe")
    [asked] = unsent(monkeypatch, lambda: CONNECTOR.check(KlaviyoOptions()))
    assert asked.url == "https://a.klaviyo.com/api/accounts"
    assert asked.headers["Authorization"] == "Klaviyo-API-Key pk_f00dcafe"
    assert asked.headers["revision"] == "2026-10-15"


def test_broadcasts_count_people_without_proxies_and_bots(models: Path) -> None:
    assert staged(models, "stg_klaviyo__broadcasts") == [
        ("A1", "K1", NOON - 2 * DAY, 1, 1, 0, 0, 0, False),
        ("P2", "K1", NOON + DAY, 2, 1, 0, 0, 0, False),  # two variations, one of them bounced
        ("R1", "K1", NOON, 4, 3, 1, 2, 1, False),  # Ada opened and clicked twice, Bob's proxy and scanner once
    ]


def test_opt_ins_are_every_confirmation_of_who_was_ever_seen(models: Path) -> None:
    assert opt_ins(models) == {
        ("ada", SUBSCRIBED, False),
        ("ada", NOON + 5 * DAY, False),
        ("bob", LONG_AGO, False),
        ("cleo", SUBSCRIBED, False),  # deleted since, but the first load saw the address
        ("gil", SUBSCRIBED, False),
    }


def test_an_open_counts_for_the_last_delivery_before_it(models: Path) -> None:
    assert staged(models, "stg_klaviyo__automation_messages") == [
        ("FlwJ1", "J1", "3s7", NOON + 2 * DAY, False),
        ("VkFlw1", "S1", "3s10", NOON + 5 * DAY, False),  # by a proxy
        ("VkFlw1", "S1", "3s8", NOON - 5 * DAY, False),
        ("VkFlw1", "S1", "3s9", NOON + 5 * DAY, True),
    ]


def test_list_sizes_are_captured_each_day(models: Path) -> None:
    # Bob, Fay and Gil both times; Cleo at first, Ada after she came back.
    assert staged(models, "stg_klaviyo__list_sizes") == [
        ("K1", date(2026, 3, 1), 4),
        ("K1", date(2026, 3, 16), 4),
        ("K2", date(2026, 3, 1), 0),
        ("K2", date(2026, 3, 16), 0),
    ]


def test_flags_are_understood_in_each_spelling_and_an_open_without_one_is_said(other_models: Path) -> None:
    assert staged(other_models, "stg_klaviyo__broadcasts") == [
        ("A1", "K1", NOON - 2 * DAY, 1, 1, 0, 0, 0, False),
        ("P2", "K1", NOON + DAY, 2, 1, 1, 1, 0, True),
        ("R1", "K1", NOON, 4, 3, 1, 2, 1, False),
    ]


def test_without_a_subscribe_event_the_consent_counts_and_a_later_one_is_approximate(other_models: Path) -> None:
    assert {one for one in opt_ins(other_models) if one[0] == "gil"} == {
        ("gil", SUBSCRIBED, False),
        ("gil", datetime(2026, 3, 9, 12, tzinfo=UTC), True),
    }


def test_nothing_personal_reaches_the_disk(models: Path) -> None:
    found = written(models)
    assert email_key(ADDRESSES["bob"]).encode() in found
    assert [one for one in PERSONAL if one in found] == []
