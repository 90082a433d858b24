"""The Facebook page connector against the Graph API, over a real socket, with Facebook's own client."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from pipelines.connector import AccessRefused, ConnectorError
from pipelines.identity import keyed_hash
from pipelines.retry import VendorBusy
from pipelines.rows import SchemaDrift
from pipelines.sources.facebook_page import CONNECTOR, COUNTED_DAYS, FacebookPageOptions
from pipelines.sources.facebook_page.ratings import ENDED
from sandbox.events import Comment, Follow, Page, Post, Reaction, Review, Share, Tag, World
from sandbox.server import Running
from sandbox.state import Sandbox
from sandbox.vendors.facebook import page as vendor
from sandbox.vendors.facebook.graph import Call, GraphError, Row, no_such_object
from tests.pipelines.vendors import First, Vendor, copied, passing_faults, unsent, written
from tests.staging import stage, staged

FIRST_DAY = date(2026, 3, 2)
THROUGH = date(2026, 3, 12)
TOKEN = "SOURCES__FACEBOOK_PAGE__ACCESS_TOKEN"
NUMBER_OF_POSTS = 7


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def small_world() -> World:
    return World(
        FIRST_DAY,
        THROUGH,
        pages=[Page("2001", "Boutique", 1000, 900)],
        follows=[Follow("2001", at(day), change) for day, change in ((3, 1), (4, 1), (5, -1), (14, 1))],
        posts=[
            *(Post(f"2001_{day - 2}", "2001", at(day), "Actualité", None) for day in range(2, 2 + NUMBER_OF_POSTS)),
            Post("2001_8", "2001", at(4), "Retirée", at(5)),
            Post("2001_9", "2001", at(2) - timedelta(days=COUNTED_DAYS + 5), "Ancienne", None),
        ],
        reactions=[
            Reaction("2001_0", "LIKE", at(3), None),
            Reaction("2001_0", "LOVE", at(3), None),
            Reaction("2001_0", "SAD", at(3), at(4)),
            Reaction("2001_0", "LIKE", at(14), None),
        ],
        shares=[Share("2001_0", at(3))],
        comments=[
            Comment("0_1", "2001_0", None, "9000001", "Merci", at(3), None),
            Comment("0_2", "2001_0", "0_1", "2001", "Avec plaisir", at(3, 14), None),
            Comment("0_3", "2001_0", None, None, "Bravo", at(4), None),
            Comment("0_4", "2001_0", None, "9000002", "Oups", at(4), at(5)),
            Comment("1_1", "2001_1", None, "9000001", "Encore", at(5), None),
            Comment("8_1", "2001_8", None, "9000001", "Perdu", at(4), None),
            Comment("0_5", "2001_0", None, "9000003", "Tard", at(14), None),
        ],
        tags=[
            Tag("9000001_77", "2001", "9000001", at(6), None),
            Tag("8000001_78", "2001", None, at(7), None),
            Tag("2001_79", "2001", "2001", at(8), None),
            Tag("9000002_80", "2001", "9000002", at(9), at(14)),
            Tag("9000003_81", "2001", "9000003", at(2) - timedelta(days=30), None),
        ],
        reviews=[
            Review("rv1", 41, at(3), 5, "Parfait", None, "facebook"),  # without a story
            Review("rv2", 42, at(4), 2, "Bof", None, "facebook"),
            Review("rv3", 43, at(5), 4, "", at(14), "facebook"),
            Review("rv4", 44, at(14), 4, "Plus tard", None, "facebook"),
            Review("rv5", 45, at(5), 4, "Ailleurs", None),
        ],
    )  # fmt: skip


def chosen(**options: Any) -> FacebookPageOptions:
    return FacebookPageOptions.model_validate({"pages": ["2001"], "page_rows": 8, "recommendations": True} | options)


VENDOR = Vendor(CONNECTOR, chosen, small_world, at(13, 9), FIRST_DAY)
pull, rows = VENDOR.pull, VENDOR.rows


@pytest.fixture(scope="module")
def later(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a second load leaves two days after the first."""
    folder = copied(loaded, tmp_path_factory.mktemp("later"))
    with VENDOR.served() as sandbox:
        VENDOR.pull_at(sandbox, folder, at(15, 9))
    return folder


def test_followers_are_captured_day_by_day(later: Path) -> None:
    assert rows(later, "select page_id, captured_on, name, fan_count, followers_count from pages order by 2") == [
        ("2001", date(2026, 3, 13), "Boutique", 901, 1001),
        ("2001", date(2026, 3, 15), "Boutique", 902, 1002),
    ]


def test_every_post_arrives_from_all_pages_but_the_old_one_and_the_deleted_one(first: First) -> None:
    assert rows(first.folder, "select id from posts order by 1") == [
        (f"2001_{number}",) for number in range(NUMBER_OF_POSTS)
    ]
    assert first.log.pages()["/{page}/published_posts"] == 4  # eight posts, two a page


def test_counters_are_captured_day_by_day(later: Path) -> None:
    counters = rows(later, "select reactions, comments, shares from posts where id = '2001_0' order by captured_on")
    assert [tuple(json.loads(text) for text in row) for row in counters] == [
        ({"summary": {"total_count": 2}}, {"summary": {"total_count": 3}}, {"count": 1}),
        ({"summary": {"total_count": 3}}, {"summary": {"total_count": 4}}, {"count": 1}),
    ]
    assert rows(later, "select distinct shares from posts where id = '2001_1'") == [(None,)]


def test_comments_and_replies_arrive_with_hashed_withheld_and_own_authors(loaded: Path) -> None:
    assert rows(
        loaded, "select post_day, post_id, id, parent_id, created_time, author_key from comments order by id"
    ) == [
        (FIRST_DAY, "2001_0", "0_1", "", "2026-03-03T12:00:00+0000", keyed_hash("9000001")),
        (FIRST_DAY, "2001_0", "0_2", "0_1", "2026-03-03T14:00:00+0000", "2001"),
        (FIRST_DAY, "2001_0", "0_3", "", "2026-03-04T12:00:00+0000", ""),
        (date(2026, 3, 3), "2001_1", "1_1", "", "2026-03-05T12:00:00+0000", keyed_hash("9000001")),
    ]


def test_a_deleted_comment_vanishes_and_so_do_those_of_a_deleted_post(
    served: Running, world: World, again: Path
) -> None:
    world.comments[0] = replace(world.comments[0], deleted_at=at(13, 10))
    world.posts[1] = replace(world.posts[1], deleted_at=at(13, 10))
    served.set_clock(at(13, 11))
    pull(again)
    assert rows(again, "select id from comments order by 1") == [("0_3",)]  # 0_2 answered the deleted one


def test_a_hidden_comment_is_still_there_for_the_page(served: Running, world: World, tmp_path: Path) -> None:
    world.comments[2] = replace(world.comments[2], hidden_at=at(5))
    pull(tmp_path)
    assert rows(tmp_path, "select id from comments where author_key = ''") == [("0_3",)]


def test_what_is_deleted_after_the_window_is_found_by_the_deep_re_read(
    served: Running, world: World, tmp_path: Path
) -> None:
    long_ago = datetime(2025, 11, 20, 12, tzinfo=UTC)
    world.posts.append(Post("2001_90", "2001", long_ago, "Automne", None))
    world.comments.append(Comment("90_1", "2001_90", None, "9000001", "Bravo", long_ago, at(13, 10)))
    world.tags.append(Tag("9000001_90", "2001", "9000001", long_ago, at(13, 10)))
    old = "select (select count(*) from comments where id = '90_1'), (select count(*) from tagged where id = '{}')"
    counts = []
    for now in (at(13, 9), at(14, 9), at(20, 9)):  # first, usual, and deep a week after the first
        VENDOR.pull_at(served, tmp_path, now, history_start=date(2025, 11, 1))
        counts += rows(tmp_path, old.format(keyed_hash("9000001_90")))
    assert counts == [(1, 1), (1, 1), (0, 0)]


def test_a_backfill_captures_nothing_and_leaves_later_days_alone(served: Running, world: World, again: Path) -> None:
    world.comments.append(Comment("0_6", "2001_0", None, "9000001", "Oubli", at(3), None))
    world.comments.append(Comment("6_1", "2001_6", None, "9000001", "Oubli", at(8), None))
    VENDOR.backfill(again, FIRST_DAY, date(2026, 3, 3))
    assert rows(again, "select id from comments where id in ('0_6', '6_1')") == [("0_6",)]
    calls = [one for one in served.requests() if one.path.rstrip("/").endswith("/2001")]
    assert [dict(one.query)["fields"] for one in calls] == ["access_token"]  # no counter of the page itself


def test_a_post_that_is_deleted_while_it_is_read_does_no_harm(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = vendor._comments

    def gone(sandbox: Sandbox, call: Call, post: Post) -> Row:
        if post.post_id == "2001_0":
            raise no_such_object(post.post_id)
        return whole(sandbox, call, post)

    monkeypatch.setattr(vendor, "_comments", gone)
    pull(tmp_path)
    assert rows(tmp_path, "select id from comments") == [("1_1",)]


def test_mentions_arrive_newest_first_and_only_as_old_as_asked(loaded: Path) -> None:
    assert rows(loaded, "select created_day, id, author_key from tagged order by 1") == [
        (date(2026, 3, 6), keyed_hash("9000001_77"), keyed_hash("9000001")),
        (date(2026, 3, 7), keyed_hash("8000001_78"), ""),
        (date(2026, 3, 8), "2001_79", "2001"),
        (date(2026, 3, 9), keyed_hash("9000002_80"), keyed_hash("9000002")),
    ]


def test_a_deleted_mention_vanishes(later: Path) -> None:
    assert rows(later, "select count(*), max(created_day) from tagged") == [(3, date(2026, 3, 8))]


def test_no_member_id_and_no_text_is_kept(loaded: Path) -> None:
    kept = str([rows(loaded, f"from {name}") for name in CONNECTOR.tables])
    for private in ("900000", "800000", "Somebody", "Merci", "Oups"):
        assert private not in kept
    found = written(loaded)
    assert keyed_hash("60428272348").encode() in found
    for private in ("parfait", "bof", "70000042", "60428272348", "9000001_77", "sandbox-token", "sandbox-user-token"):
        assert private.encode() not in found


def test_recommendations_arrive_from_all_pages_through_an_old_version(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, page_rows=4)
    columns = "created_time, recommendation_type, has_review, has_rating, rating"
    assert rows(tmp_path, f"select {columns} from ratings order by 1") == [
        ("2026-03-03T12:00:00+0000", "positive", True, False, None),
        ("2026-03-04T12:00:00+0000", "negative", True, False, None),
        ("2026-03-05T12:00:00+0000", "positive", False, False, None),
    ]
    keys = rows(tmp_path, "select rating_key from ratings where recommendation_type = 'negative'")
    assert keys == [(keyed_hash("60428272348"),)]
    asked = [call.path for call in served.requests() if call.path.endswith("/ratings")]
    assert asked == ["/facebook/v21.0/2001/ratings"] * 3


def test_a_withdrawn_recommendation_vanishes(later: Path) -> None:
    assert rows(later, "select count(*), max(created_time) from ratings") == [(3, "2026-03-14T12:00:00+0000")]


def test_recommendations_are_not_asked_for_unless_wanted(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, recommendations=False)
    assert rows(tmp_path, "select * from ratings") == []
    assert not any("ratings" in call.path for call in served.requests())
    assert rows(tmp_path, "select rows from raw_parcours.loads where table_name = 'ratings'") == []
    assert FacebookPageOptions(pages=["2001"]).gives("mentions")
    assert not FacebookPageOptions(pages=["2001"]).gives("reviews")
    assert FacebookPageOptions(pages=["2001"], recommendations=True).gives("reviews")


@pytest.mark.parametrize("code", [12, 2635])
def test_recommendations_that_ended_are_warned_of_once_and_are_not_covered(
    served: Running, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def ended(sandbox: Sandbox, call: Call, page: Page) -> Row:
        raise GraphError(code, "No longer")

    world.pages.append(Page("2002", "Le club", 10, 9))
    pull(tmp_path, pages=["2001", "2002"])
    monkeypatch.setattr(vendor, "_ratings", ended)
    result = VENDOR.pull_at(served, tmp_path, at(15, 9), pages=["2001", "2002"])
    assert [text for text in result.warnings if "recommendations" in text] == [f"facebook_page: {ENDED}"]
    covered = (
        "select account_id, max(last_day) from raw_parcours.loads where table_name = 'ratings' group by 1 order by 1"
    )
    assert rows(tmp_path, covered) == [("2001", THROUGH), ("2002", THROUGH)]
    assert rows(tmp_path, "select count(*) from ratings") == [(3,)]
    assert rows(tmp_path, "select count(*) from pages where page_id = '2001'") == [(2,)]
    said = CONNECTOR.check(FacebookPageOptions(pages=["2001"], recommendations=True))
    assert said[-1] == ENDED


def test_a_second_run_adds_nothing(served: Running, loaded: Path, again: Path) -> None:
    pull(again)
    assert VENDOR.everything(again) == VENDOR.everything(loaded)
    assert all(VENDOR.everything(loaded).values())


def test_passing_faults_are_survived(served: Running, loaded: Path, tmp_path: Path) -> None:
    paths = ("/2001/?$", "/published_posts$", "/comments$", "/tagged$", "/insights$", "/ratings$")
    passing_faults(served, *paths)
    pull(tmp_path / "five")
    for path in paths:
        served.fault(path, "timeout", times=2, seconds=0.01)
    pull(tmp_path / "two")
    assert VENDOR.everything(tmp_path / "five") == VENDOR.everything(tmp_path / "two") == VENDOR.everything(loaded)
    assert [len(found) for found in VENDOR.everything(loaded).values()] == [1, NUMBER_OF_POSTS, 4, 4, 33, 3]
    assert served.sandbox.faults.pending() == []


def test_a_lasting_fault_is_named(served: Running, tmp_path: Path) -> None:
    served.fault("/tagged$", "429", times=100)
    with pytest.raises(VendorBusy, match=r"Facebook: 2001/tagged: \(#80001\) There have been too many calls"):
        pull(tmp_path)


def test_a_wrong_token_is_refused_with_advice(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "EAAwrongtoken123")
    with pytest.raises(AccessRefused, match=rf"\(code 190\).*{TOKEN}.*read_insights") as refused:
        pull(tmp_path)
    assert "EAAwrongtoken123" not in str(refused.value)


def test_an_expired_token_is_refused(served: Running, tmp_path: Path) -> None:
    served.fault("/comments$", "token_expired")
    with pytest.raises(AccessRefused, match="Session has expired"):
        pull(tmp_path)


def test_a_new_field_does_no_harm_and_is_noted(served: Running, again: Path) -> None:
    served.fault("/2001", "new_column", times=1000)
    VENDOR.pull_at(served, again, at(14, 9))
    assert rows(again, "select count(*) from posts where captured_on = '2026-03-14'") == [(NUMBER_OF_POSTS,)]
    seen = "select table_name, first_seen_at from raw_parcours.fields where field = 'a_field_of_tomorrow' order by 1"
    assert rows(again, seen) == [
        (name, at(14, 9)) for name in ("comments", "pages", "posts", "ratings", "tagged")
    ]  # fmt: skip
    assert rows(again, "select min(first_seen_at) from raw_parcours.fields") == [(at(13, 9),)]


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {name: rows(folder, f"from {name} order by all") for name in CONNECTOR.tables}


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/2001/?$", "missing_column", "pages row 1: the vendor no longer sends followers_count"),
        ("/published_posts$", "missing_column", "posts row 1: the vendor no longer sends reactions"),
        ("/comments$", "missing_column", "comments row 1: the vendor no longer sends created_time"),
        ("/tagged$", "missing_column", "tagged row 1: created_time is missing"),
        ("/ratings$", "missing_column", "ratings row 1: the vendor no longer sends created_time"),
        ("/ratings$", "renamed_enum", "ratings row 1: recommendation_type is 'recommended'"),
    ],
)
def test_what_figures_need_is_missed_by_name_and_nothing_changes(
    served: Running, loaded: Path, again: Path, path: str, kind: str, said: str
) -> None:
    served.fault(path, kind, times=100)
    with pytest.raises(SchemaDrift, match=f"facebook_page: {said}.*nothing of this source was loaded"):
        pull(again)
    assert contents(again) == contents(loaded)


def test_a_counter_that_is_no_number_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault("/published_posts$", "changed_type")
    with pytest.raises(ConnectorError, match="reactions of post 2001_6 is 'many', not a number"):
        pull(tmp_path)


def test_followers_that_are_no_number_are_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault("/2001/?$", "changed_type", times=2)
    with pytest.raises(ConnectorError, match="fan_count is a str that is no int64"):
        pull(tmp_path)


def test_check_says_what_is_connected(served: Running) -> None:
    said = CONNECTOR.check(FacebookPageOptions(pages=["2001"]))
    assert said == ["Graph API v26.0", "page 2001, Boutique: 1001 followers"]
    said = CONNECTOR.check(FacebookPageOptions(pages=["2001"], recommendations=True))
    assert said[2:] == ["recommendations through Graph API v21.0, which ends on 2027-01-21"]


def test_without_a_base_url_it_is_facebook_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__FACEBOOK_PAGE__BASE_URL", raising=False)
    monkeypatch.setenv(TOKEN, "a-token")
    [asked] = unsent(
        monkeypatch, lambda: CONNECTOR.check(FacebookPageOptions(pages=["2001"])), session=requests.Session
    )
    assert asked.url == "https://graph.facebook.com/v26.0/2001?fields=name%2Cfan_count%2Cfollowers_count"


def test_mentions_and_reviews_are_staged(
    served: Running, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommendation = vendor._rating_row

    def with_stars(review: Review, fault: str) -> Row:
        stars: Row = {"has_rating": True, "rating": 2} if review.review_id == "rv2" else {}
        return recommendation(review, fault) | stars

    monkeypatch.setattr(vendor, "_rating_row", with_stars)
    world.pages.append(Page("2002", "Le club", 10, 9))
    world.tags.append(Tag("9000001_77", "2002", "9000001", at(6, 10), None))  # the same post, also with the other page
    pull(tmp_path, pages=["2001", "2002"])
    stage(tmp_path, CONNECTOR)
    assert set(staged(tmp_path, "stg_facebook_page__mentions")) == {
        (f"facebook:{keyed_hash('9000001_77')}", at(6, 10), "facebook"),
        (f"facebook:{keyed_hash('8000001_78')}", at(7), "facebook"),
        (f"facebook:{keyed_hash('9000002_80')}", at(9), "facebook"),
    }
    assert [found[1:] for found in sorted(
        staged(tmp_path, "stg_facebook_page__reviews", "review_id, reviewed_at, rating"), key=lambda row: row[1]
    )] == [(at(3), None), (at(4), Decimal(2)), (at(5), None)]  # fmt: skip
