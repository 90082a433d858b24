"""The Zendesk connector against the Zendesk API, over a real socket; what it feeds, through its staging models."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from pipelines.connector import AccessRefused
from pipelines.http import VendorSession
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.zendesk import CONNECTOR, ZendeskOptions
from sandbox.events import Person, Ticket, TicketRating, World
from sandbox.server import Running
from sandbox.vendors.zendesk import desk
from tests.pipelines.vendors import First, Vendor, copied, passing_faults, queries, unsent, written
from tests.staging import stage, staged

FIRST_DAY, THROUGH = date(2026, 1, 1), date(2026, 3, 15)  # the account goes over to surveys on 6 February
NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EMAIL = "agent@boutique.example"
SUBJECT, PRAISE, BLAME = "Colis perdu en route", "Une réponse limpide", "Personne ne rappelle"
EXPORT, LEGACY, SURVEYS = "/incremental/tickets/cursor.json", "/satisfaction_ratings.json", "/guide/survey_responses"


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def ticket(
    ticket_id: int, created: datetime, spam: bool = False, deleted: datetime | None = None, into: int | None = None
) -> Ticket:
    return Ticket(ticket_id, 1, created, SUBJECT, spam, deleted, into)


def shop() -> World:
    return World(
        FIRST_DAY,
        THROUGH,
        people=[Person(1, "ada@example.com", (), "Augusta", "Byron", "+33612345678", "3 rue Haute", "FR")],
        tickets=[
            ticket(1, at(1, 10)),
            ticket(2, at(1, 11), spam=True),
            ticket(3, at(1, 12), deleted=at(3, 15, 18)),
            ticket(4, at(1, 13), into=1),
            ticket(5, at(2, 20)),
            ticket(6, at(2, 20, 13)),
            ticket(7, at(1, 20)),
            ticket(8, NOW - timedelta(seconds=30)),
        ],
        ticket_ratings=[
            TicketRating(1, at(1, 12), "offered", ""),
            TicketRating(1, at(1, 13), "good", PRAISE),
            TicketRating(1, at(2, 10), "bad", BLAME),  # after the switch: by a survey
            TicketRating(5, at(2, 21), "offered", ""),
            TicketRating(5, at(2, 22), "good", PRAISE),
            TicketRating(6, at(2, 21, 13), "offered", ""),
            TicketRating(7, at(1, 21), "offered", ""),
            TicketRating(7, at(1, 22), "bad", BLAME),
            TicketRating(7, at(1, 23), "good", ""),
        ],
    )


def options(**more: Any) -> ZendeskOptions:
    return ZendeskOptions(**{"subdomain": "boutique", "email": EMAIL, **more})


VENDOR = Vendor(CONNECTOR, options, shop, NOW, FIRST_DAY)
pull, rows, everything = VENDOR.pull, VENDOR.rows, VENDOR.everything


@pytest.fixture(scope="module")
def with_both_kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first load when legacy ratings and answers to surveys are both recent."""
    return VENDOR.first(tmp_path_factory.mktemp("both"), at(2, 12)).folder


@pytest.fixture(scope="module")
def models(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Staging over a first load."""
    folder = copied(loaded, tmp_path_factory.mktemp("models"))
    stage(folder, CONNECTOR)
    return folder


def test_tickets_arrive_as_the_vendor_says_them_but_for_the_last_minute(served: Running, again: Path) -> None:
    assert rows(again, "select id, status, via__channel, is_merged, updated_at from tickets order by id") == [
        (1, "solved", "web", False, "2026-02-10T12:00:00Z"),
        (2, "deleted", "chat", False, "2026-01-11T12:00:00Z"),
        (3, "deleted", "api", False, "2026-03-15T18:00:00Z"),
        (4, "closed", "email", True, "2026-01-13T13:00:00Z"),
        (5, "solved", "web", False, "2026-02-22T12:00:00Z"),
        (6, "solved", "chat", False, "2026-02-21T13:00:00Z"),
        (7, "solved", "api", False, "2026-01-23T12:00:00Z"),
    ]
    VENDOR.pull_at(served, again, NOW + HOUR)
    assert rows(again, "select created_at from tickets where id = 8") == [("2026-03-16T04:59:30Z",)]


def test_all_pages_arrive_and_rows_at_their_borders_once(served: Running, loaded: Path, tmp_path: Path) -> None:
    pull(tmp_path, page_rows=1, rating_rows=1)
    assert everything(tmp_path) == everything(loaded)
    pages = {name.rpartition("/")[2]: count for name, count in served.sandbox.requests.pages().items()}
    # Three tickets a page where one was asked for, the first of them known already; two ratings; three surveys.
    assert pages == {"cursor.json": 3, "satisfaction_ratings": 2, "survey_responses": 3}
    assert ["start_time" in call for call in queries(served, EXPORT)] == [True, False, False]
    assert ["start_time" in call for call in queries(served, LEGACY)] == [True, True]


def test_a_second_run_asks_for_what_is_recent_and_adds_nothing(served: Running, loaded: Path, again: Path) -> None:
    pull(again)
    assert everything(again) == everything(loaded)
    # Business days of Paris: 7 up to the 15th begin on the 9th, 35 on 9 February.
    assert queries(served, EXPORT)[0]["start_time"] == str(int(datetime(2026, 3, 8, 23, tzinfo=UTC).timestamp()))
    since = str(int(datetime(2026, 2, 8, 23, tzinfo=UTC).timestamp()))
    assert queries(served, LEGACY)[0]["start_time"] == since
    assert queries(served, SURVEYS)[0]["filter[created_at_start]"] == since


def test_a_start_within_the_last_minute_is_never_asked_for(served: Running, tmp_path: Path) -> None:
    midnight = datetime(2026, 3, 14, 23, 0, 10, tzinfo=UTC)  # in Paris the 15th has just begun
    served.set_clock(midnight)
    pull(tmp_path, midnight, history_start=date(2026, 3, 15), through=date(2026, 3, 15))
    assert queries(served, EXPORT)[0]["start_time"] == str(int((midnight - timedelta(minutes=2)).timestamp()))


def test_a_late_deletion_and_a_late_rating_are_noticed(served: Running, tmp_path: Path) -> None:
    VENDOR.pull_at(served, tmp_path, at(2, 9))
    assert rows(tmp_path, "select status from tickets where id = 3") == [("open",)]
    assert rows(tmp_path, "select ticket_id, score from satisfaction_ratings order by 1") == [(1, "good"), (7, "good")]
    assert rows(tmp_path, "select * from survey_responses") == []
    VENDOR.pull_at(served, tmp_path, NOW)
    assert rows(tmp_path, "select status from tickets where id = 3") == [("deleted",)]
    found = rows(
        tmp_path,
        "select subject_zrns, answer__rating, answer__rating_category, answer__updated_at "
        "from survey_responses order by 1",
    )
    assert found == [
        ('["zen:ticket:1"]', 2.0, "bad", "2026-02-10T12:00:00.000Z"),
        ('["zen:ticket:5"]', 5.0, "good", "2026-02-22T12:00:00.000Z"),
        ('["zen:ticket:6"]', None, None, None),
    ]


def test_weeks_later_a_ticket_is_merged_deleted_or_scrubbed(tmp_path: Path) -> None:
    merged = replace(ticket(2, at(1, 6), into=1), merged_at=at(2, 1))
    world = replace(shop(), tickets=[ticket(1, at(1, 5)), merged, ticket(3, at(1, 7), deleted=at(1, 28))])
    seen = "select id, status, is_merged, updated_at, generated_timestamp from tickets order by id"
    with VENDOR.served(replace(world, ticket_ratings=[])) as sandbox:

        def seen_at(now: datetime) -> list[tuple[Any, ...]]:
            VENDOR.pull_at(sandbox, tmp_path, now, deep_every_days=0)
            return rows(tmp_path, seen)

        assert [row[:3] for row in seen_at(at(1, 20))] == [(1, "open", False), (2, "open", False), (3, "open", False)]
        assert [row[:4] for row in seen_at(at(2, 2))] == [
            (1, "open", False, "2026-01-05T12:00:00Z"),
            (2, "closed", True, "2026-02-01T12:00:00Z"),
            (3, "deleted", False, "2026-01-28T12:00:00Z"),
        ]
        # Thirty days after its deletion the vendor takes the words out of a ticket, which only one of its times tells.
        assert seen_at(at(2, 28))[2] == (
            *(3, "deleted", False, "2026-01-28T12:00:00Z"),
            int(at(2, 27).timestamp()),
        )


def test_an_answer_that_changes_after_all_is_found_by_the_deep_re_read(again: Path) -> None:
    world = shop()
    world.ticket_ratings.append(TicketRating(5, at(4, 5), "bad", BLAME))  # 43 days after it was offered
    answered = "select answer__rating_category from survey_responses where subject_zrns like '%:5\"%'"
    found = [rows(again, answered)]
    with VENDOR.served(world) as sandbox:
        for now, deep_every_days in ((at(4, 1), 0), (at(4, 6), 0), (at(4, 6, 13), 7)):
            VENDOR.pull_at(sandbox, again, now, deep_every_days=deep_every_days)
            found.append(rows(again, answered))
    assert found == [[("good",)], [("good",)], [("good",)], [("bad",)]]


def test_the_switch_to_surveys_breaks_the_series_on_the_day_of_the_last_rating(served: Running, tmp_path: Path) -> None:
    said = "select table_name, date_day, caveat from raw_parcours.caveats"
    switched = [("satisfaction_ratings", date(2026, 1, 21), "series_break")]  # ticket 7; the first survey: 10 February
    VENDOR.pull_at(served, tmp_path, at(2, 1))
    assert rows(tmp_path, said) == []
    for now in (at(2, 12), at(2, 12, 18), NOW):  # the last one reads from 9 February on
        VENDOR.pull_at(served, tmp_path, now, deep_every_days=0)
        assert rows(tmp_path, said) == switched


def test_the_vendor_says_how_many_calls_are_left(first: First) -> None:
    assert first.result.quota == {"requests per minute": "699 of 700 left"}


def test_a_kind_of_ratings_that_the_account_does_not_have_is_absent(served: Running, tmp_path: Path) -> None:
    assert VENDOR.pull_at(served, tmp_path, at(2, 1)).warnings == []  # no surveys yet
    assert len(rows(tmp_path, "select id from satisfaction_ratings")) == 2
    served.set_clock(NOW)
    served.fault("satisfaction_ratings", "quota_gone")  # the legacy kind is refused after the switch
    assert pull(tmp_path).warnings == []
    assert len(rows(tmp_path, "select id from satisfaction_ratings")) == 2
    assert len(rows(tmp_path, "select id from survey_responses")) == 3


def test_without_either_kind_ratings_are_not_covered_and_it_is_said_once(served: Running, tmp_path: Path) -> None:
    served.fault("satisfaction_ratings|survey_responses", "quota_gone", times=2)
    [warning] = pull(tmp_path).warnings
    assert "neither satisfaction ratings nor CSAT survey responses may be read" in warning
    assert rows(tmp_path, "select table_name from raw_parcours.loads") == [("tickets",)]
    served.sandbox.requests.clear()
    assert pull(tmp_path).warnings == []
    since = str(int(datetime(2025, 12, 31, 23, tzinfo=UTC).timestamp()))
    assert queries(served, LEGACY)[0]["start_time"] == since
    assert len(rows(tmp_path, "select id from survey_responses")) == 3


def test_ratings_can_be_left_out(served: Running, tmp_path: Path) -> None:
    assert pull(tmp_path, ratings=False).warnings == []
    assert {call.path for call in served.requests()} == {f"/zendesk/api/v2{EXPORT}"}
    assert [CONNECTOR.scopes(options(ratings=False), table) for table in CONNECTOR.tables][1:] == [[], []]


def test_no_name_address_subject_comment_or_tag_reaches_the_disk(loaded: Path) -> None:
    found = written(loaded)
    assert b"zen:ticket:5" in found
    for text in ("ada@example.com", "augusta", "byron", SUBJECT, PRAISE, BLAME, "client_", EMAIL, "360000000001"):
        assert text.lower().encode() not in found


def test_passing_faults_are_survived(served: Running, loaded: Path, tmp_path: Path) -> None:
    passing_faults(served, EXPORT, after=1)
    passing_faults(served, SURVEYS)
    assert pull(tmp_path, page_rows=1).warnings == []
    assert served.sandbox.faults.pending() == []
    assert everything(tmp_path) == everything(loaded)


def test_an_unknown_field_does_no_harm_and_is_noted(served: Running, again: Path) -> None:
    served.fault("/zendesk", "new_column", times=9)
    pull(again, NOW + HOUR)
    assert len(rows(again, "select id from tickets")) == 7
    assert len(rows(again, "select id from survey_responses where answer__rating is not null")) == 2
    assert [VENDOR.later_fields(again, table) for table in ("tickets", "survey_responses")] == [["encoded_id"]] * 2


@pytest.mark.parametrize(
    ("kind", "path", "said"),
    [
        ("missing_column", EXPORT, "tickets row 1: the vendor no longer sends status"),
        ("missing_column", LEGACY, "satisfaction_ratings row 1: the vendor no longer sends score"),
        ("missing_column", SURVEYS, "survey_responses row 1: the vendor no longer sends answer__type"),
        ("renamed_enum", EXPORT, "tickets row 1: status is 'removed', and whether"),
        ("renamed_enum", LEGACY, "satisfaction_ratings row 1: score is 'happy', and whether"),
        ("renamed_enum", SURVEYS, "survey_responses row 1: answer__rating_category is 'happy', and whether"),
    ],
)
def test_what_figures_rest_on_is_refused_where_it_is_gone(
    served: Running, with_both_kinds: Path, tmp_path: Path, kind: str, path: str, said: str
) -> None:
    served.set_clock(at(2, 12))
    served.fault(path, kind, times=9)
    with pytest.raises(SchemaDrift, match=f"zendesk: {said}"):
        pull(copied(with_both_kinds, tmp_path), at(2, 12) + HOUR)
    assert everything(tmp_path) == everything(with_both_kinds)


def test_a_rating_of_another_type_is_refused(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_answers", lambda _: [{"type": "stars", "stars": 5}])
    with pytest.raises(SchemaDrift, match="zendesk: survey_responses row 1: answer__type is 'stars', and whether"):
        pull(tmp_path)


def test_tags_that_are_no_list_are_refused(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = desk.Desk.ticket_item
    monkeypatch.setattr(desk.Desk, "ticket_item", lambda *args: {**shown(*args), "tags": "closed_by_merge"})
    with pytest.raises(SchemaDrift, match=r"zendesk: tickets: the tags of ticket .* are a str, not a list"):
        pull(tmp_path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (EXPORT, "zendesk: tickets row 1: id is a str that is no int64"),
        (SURVEYS, "zendesk: survey_responses row 1: answer__rating is a str that is no double"),
    ],
)
def test_a_number_that_became_a_word_is_refused_by_name(served: Running, tmp_path: Path, path: str, said: str) -> None:
    served.fault(path, "changed_type")
    with pytest.raises(RowRefused, match=said):
        pull(tmp_path)


def test_check_says_who_reads_and_which_ratings_there_are(served: Running) -> None:
    account = "account boutique: read as an administrator"
    assert CONNECTOR.check(options()) == [account, "ratings: satisfaction_ratings, survey_responses"]
    assert CONNECTOR.check(options(ratings=False)) == [account]
    served.set_clock(at(2, 1))
    assert CONNECTOR.check(options()) == [account, "ratings: satisfaction_ratings"]
    served.fault("satisfaction_ratings", "quota_gone")
    assert CONNECTOR.check(options()) == [account, "ratings: none; set [sources.zendesk] ratings = false"]


def test_check_refuses_an_agent_who_may_not_export(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = requests.Response()
    answer._content = b'{"user": {"id": null, "role": "end-user"}}'
    monkeypatch.setattr(VendorSession, "send", lambda *_, **__: answer)
    with pytest.raises(AccessRefused, match="the token's agent is end-user, not an administrator"):
        CONNECTOR.check(options())


def test_without_a_base_url_it_is_the_subdomain_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__ZENDESK__BASE_URL", raising=False)
    monkeypatch.setenv("SOURCES__ZENDESK__API_TOKEN", "f00dcafe")
    [asked] = unsent(monkeypatch, lambda: CONNECTOR.check(options()))
    assert asked.url == "https://boutique.zendesk.com/api/v2/users/me.json"


@pytest.mark.parametrize("subdomain", ["", "boutique.zendesk.com", "example.com/"])
def test_a_subdomain_is_one_word(subdomain: str) -> None:
    with pytest.raises(ValueError, match="subdomain"):
        options(subdomain=subdomain)


def test_tickets_count_unless_deleted_spam_or_merged(models: Path) -> None:
    found = staged(models, "stg_zendesk__tickets", "ticket_id, created_at, channel, is_counted")
    assert found == [
        ("1", at(1, 10), "web", True),
        ("2", at(1, 11), "chat", False),
        ("3", at(1, 12), "api", False),
        ("4", at(1, 13), "email", False),
        ("5", at(2, 20), "web", True),
        ("6", at(2, 20, 13), "chat", True),
        ("7", at(1, 20), "api", True),
    ]


def test_a_ticket_answers_once_by_the_last_of_both_kinds(models: Path) -> None:
    columns = "survey, respondent_key, answered_at, score, is_satisfied"
    assert staged(models, "stg_zendesk__csat_answers", columns) == [
        ("zendesk", "1", at(2, 10), Decimal(2), False),  # good by the legacy way, then bad by a survey
        ("zendesk", "5", at(2, 22), Decimal(5), True),
        ("zendesk", "7", at(1, 23), Decimal(1), True),  # bad, then good
    ]
