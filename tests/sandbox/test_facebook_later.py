"""What becomes of things on Facebook, and of the ECB's rates, after they were shown; and what is true of them then."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox import events as e
from sandbox.server import Running, running
from sandbox.truth.money import Converter
from sandbox.truth.view import View
from sandbox.vendors.facebook.insights import status_of
from sandbox.world import generate
from tests.sandbox.small_worlds import BUSINESS, at, comment, post, refresh, value, world

DAILY_WORLDS = [(date(2026, 8, 20), date(2026, 10, 1), 0.4, 21), (date(2025, 10, 1), date(2026, 11, 23), 1.0, 23)]


APP, PAGE = "sandbox-token", "sandbox-token-page-page"  # whose token


def get(facebook: Running, path: str, token: str = APP, **params: Any) -> Any:
    return requests.get(
        f"{facebook.base_url}/facebook/v26.0/{path}", params={"access_token": token} | params, timeout=5
    ).json()


@pytest.fixture
def small() -> e.World:
    return world(
        ad_accounts=[e.AdAccount("1001", "Boutique", "EUR", "Europe/Paris")],
        ad_campaigns=[e.AdCampaign("23", "1001", "Soldes", "OUTCOME_SALES", "ACTIVE", at(2), at(2))],
        ad_sets=[e.AdSet("24", "23", "Large", "ACTIVE", 1000, at(2), at(2))],
        ads=[
            e.Ad("250", "24", "A", "ACTIVE", at(2), at(2), at(9)),
            e.Ad("251", "24", "B", "ACTIVE", at(2), at(2)),
        ],
        ad_deliveries=[
            e.AdDelivery(ad, date(2026, 3, 5), "FR", "facebook", at(6), 100, 5, 3, 80, 250) for ad in ("250", "251")
        ],
        custom_audiences=[e.CustomAudience("26", "1001", "Panier", at(2), at(9))],
        audience_sizes=[e.AudienceSize("26", at(2), 1000, 1180)],
        pages=[e.Page("page", "Boutique", 100, 90)],
        posts=[post(1, at(3))],
        comments=[
            replace(comment(1, "9", at(4), at(9)), comment_id="c1"),
            replace(comment(1, "page", at(5)), comment_id="c2", parent_id="c1"),
            replace(comment(1, "8", at(5)), comment_id="c3", parent_id="c1"),
            replace(comment(1, None, at(6)), comment_id="c4", hidden_at=at(7)),
        ],
        follows=[e.Follow("page", at(4), 1)],
    )


def ids_of_report(facebook: Running, **params: str) -> list[str]:
    asked = {"level": "ad", "time_increment": "1", "time_range": '{"since":"2026-03-01","until":"2026-03-08"}'}
    return [row["ad_id"] for row in get(facebook, "act_1001/insights", fields="ad_id", **(asked | params))["data"]]


def test_a_deleted_ad_is_reported_only_where_its_state_is_asked_for(small: e.World) -> None:
    states = '[{"field":"ad.effective_status","operator":"IN","value":["ACTIVE","DELETED"]}]'
    with running(small, at(8), only=["facebook"]) as facebook:
        assert ids_of_report(facebook) == ["250", "251"]
        facebook.set_clock(at(10))
        assert ids_of_report(facebook) == ["251"]
        assert ids_of_report(facebook, filtering=states) == ["250", "251"]
        assert ids_of_report(facebook, filtering=states.replace('"ACTIVE",', "")) == ["250"]
        listed = get(facebook, "act_1001/ads", fields="status", effective_status='["ACTIVE","DELETED"]')["data"]
        assert listed == [{"status": "DELETED", "id": "250"}, {"status": "ACTIVE", "id": "251"}]


def test_a_deleted_audience_is_listed_no_more_and_counts_no_more(small: e.World) -> None:
    with running(small, at(8), only=["facebook"]) as facebook:
        assert len(get(facebook, "act_1001/customaudiences")["data"]) == 1
        facebook.set_clock(at(10))
        assert get(facebook, "act_1001/customaudiences")["data"] == []
    of_audience = {"retargeting_audiences": ("26",)}
    captures = [refresh(8), refresh(11)]
    assert value(small, "retargeting_audience_size", "day", 8, [captures[0], refresh(9)], **of_audience) == 1000
    assert value(small, "retargeting_audience_size", "day", 10, [*captures, refresh(12)], **of_audience) is None


def test_a_reply_goes_with_its_comment_and_a_hidden_comment_is_for_the_page(small: e.World) -> None:
    with running(small, at(8), only=["facebook"]) as facebook:
        for token, shown in (
            (PAGE, ["c1", "c2", "c3", "c4"]),
            (APP, ["c1", "c2", "c3"]),
        ):
            asked = {"filter": "stream", "fields": "id", "limit": 100}
            assert [one["id"] for one in get(facebook, "p1/comments", token, **asked)["data"]] == shown
        facebook.set_clock(at(10))
        rows = get(facebook, "p1/comments", PAGE, filter="stream", fields="is_hidden")["data"]
        assert rows == [{"is_hidden": True, "id": "c4"}]
    assert value(small, "comments", refreshes=[refresh(9)]) == 3  # two, and a withheld author; not the page's own
    assert value(small, "comments", refreshes=[refresh(10)]) == 1
    # Two captures, on the 9th and the 10th: three of four comments are gone at the second one.
    assert value(small, "social_interactions", "day", 10, [refresh(9), refresh(10), refresh(12)]) == -3


def test_a_metric_of_pages_ends_on_its_day(small: e.World) -> None:
    asked = {"metric": "page_impressions_unique", "since": "2026-06-10", "until": "2026-06-12"}
    with running(small, datetime(2026, 6, 14, 23, 59, tzinfo=UTC), only=["facebook"]) as facebook:
        assert [one["value"] for one in get(facebook, "page/insights", **asked)["data"][0]["values"]] == [20, 20]
        facebook.set_clock(datetime(2026, 6, 15, tzinfo=UTC))
        assert get(facebook, "page/insights", **asked)["error"]["code"] == 100
        assert "data" in get(facebook, "page/insights", **(asked | {"metric": "page_total_media_view_unique"}))


def test_a_corrected_rate_replaces_the_first_one() -> None:
    day = date(2026, 3, 2)
    rates = [e.Rate(day, "USD", "1.2500", at(20)), e.Rate(day, "USD", "1.0000", at(2))]
    of_rates = world(rates=rates)
    amounts = [
        Converter(View(of_rates, [refresh(last)], BUSINESS)).convert(Decimal(10), "USD", day) for last in (19, 21)
    ]
    assert amounts == [Decimal(10), Decimal(8)]
    with running(of_rates, at(19), only=["ecb"]) as vendors:
        for now, rate in ((at(19), "1.0000"), (at(21), "1.2500")):
            vendors.set_clock(now)
            path = "/ecb/stats/eurofxref/eurofxref-daily.xml"
            said = requests.get(vendors.base_url + path, timeout=5).text
            assert said.count("currency=") == 1
            assert f'currency="USD" rate="{rate}"' in said


@pytest.mark.parametrize(("first_day", "last_day", "scale", "days"), DAILY_WORLDS)
def test_a_generated_world_shows_things_that_it_shows_no_more_at_its_end(
    first_day: date, last_day: date, scale: float, days: int
) -> None:
    made = generate(first_day=first_day, last_day=last_day, scale=scale)
    end = datetime.combine(last_day, datetime.min.time(), UTC)
    lately = end - timedelta(days=days)

    def is_late(moment: datetime | None) -> bool:
        return moment is not None and lately < moment <= end

    spent = {one.ad_id for one in made.ad_deliveries if one.shown_at <= lately}
    assert any(is_late(ad.deleted_at) and ad.ad_id in spent for ad in made.ads)
    assert any(is_late(one.deleted_at) for one in made.ad_campaigns)
    assert any(is_late(one.deleted_at) for one in made.custom_audiences)
    assert {status_of(one, lately) for one in made.ad_campaigns} >= {"ACTIVE", "ARCHIVED"}
    for things in (made.posts, made.comments, made.tags):
        assert any(is_late(one.deleted_at) and one.created_at < lately for one in things), things[0]
    assert any(is_late(one.removed_at) for one in made.reviews if one.platform == "facebook")
    assert any(one.hidden_at for one in made.comments)
    credits = [one for one in made.ad_deliveries if is_late(one.shown_at) and one.spend < 0]
    assert any((one.shown_at.date() - one.date_day).days > 29 for one in credits)
    published: dict[tuple[date, str], datetime] = {}
    corrected = []
    for rate in made.rates:
        first = published.setdefault((rate.date_day, rate.currency), rate.shown_at)
        if rate.shown_at > first and is_late(rate.shown_at):
            corrected.append((rate.shown_at - first).days)
    assert min(corrected) < 7 < max(corrected)
