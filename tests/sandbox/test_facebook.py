"""The sandbox's Facebook: names, types and errors as the vendor's own specification and documentation have them."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import events
from sandbox.server import Running, running

SPECIFICATION = Path(__file__).parents[3] / "shared" / "contracts" / "facebook" / "fields_v26.json"
NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
EARLIER = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = date(2026, 3, 10)
PLACE = ("251", DAY, "FR", "facebook")
STREAM = "comments.filter(stream).summary(total_count).limit(0)"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    world = events.World(
        date(2026, 3, 1),
        date(2026, 3, 12),
        ad_accounts=[
            events.AdAccount(*one) for one in (("1001", "A", "EUR", "Europe/Paris"), ("1003", "B", "JPY", "Asia/Tokyo"))
        ],
        ad_campaigns=[
            events.AdCampaign("231", "1001", "Prospection", "OUTCOME_SALES", "ACTIVE", EARLIER, EARLIER),
            events.AdCampaign("232", "1001", "Soldes", "OUTCOME_SALES", "ARCHIVED", EARLIER, EARLIER),
            events.AdCampaign("233", "1003", "Tokyo", "OUTCOME_SALES", "ACTIVE", EARLIER, EARLIER),
        ],
        ad_sets=[
            events.AdSet("241", "231", "Large", "ACTIVE", 1000, EARLIER, EARLIER),
            events.AdSet("243", "233", "Large", "ACTIVE", 1000, EARLIER, EARLIER),
        ],
        ads=[
            events.Ad("251", "241", "A", "ACTIVE", EARLIER, EARLIER),
            events.Ad("252", "241", "B", "ACTIVE", NOW + timedelta(days=1), NOW),
            events.Ad("253", "243", "C", "ACTIVE", EARLIER, EARLIER),
        ],
        ad_deliveries=[
            events.AdDelivery(*PLACE, EARLIER, 185, 9, 4, 120, 1405),
            events.AdDelivery(*PLACE, NOW, 0, -10, -5, 0, 30),
            events.AdDelivery(*PLACE, NOW + timedelta(hours=1), 500, 1, 1, 1, 9900),
            events.AdDelivery("251", date(2026, 3, 11), "FR", "facebook", EARLIER, 10, 0, 0, 5, 0),
            events.AdDelivery("251", date(2026, 3, 11), "FR", "facebook", NOW, -10, 0, 0, 0, 0),
            events.AdDelivery("253", DAY, "JP", "instagram", EARLIER, 10, 1, 1, 9, 450),
        ],
        ad_conversions=[events.AdConversion(*PLACE, EARLIER, "lead", "1d_click", 2, 0)],
        custom_audiences=[events.CustomAudience("2601", "1001", "Panier", EARLIER)],
        audience_sizes=[events.AudienceSize("2601", EARLIER, 1000, 1180)],
        pages=[events.Page("2001", "Boutique", 1000, 900)],
        follows=[events.Follow("2001", EARLIER, 1), events.Follow("2001", NOW + timedelta(hours=1), 1)],
        posts=[
            events.Post("2001_1", "2001", EARLIER, "Bonjour", None),
            events.Post("2001_2", "2001", EARLIER, "Au revoir", NOW),
            events.Post("2001_3", "2001", EARLIER + timedelta(days=1), "Encore", None),
        ],
        reactions=[events.Reaction("2001_1", "LIKE", EARLIER, None), events.Reaction("2001_1", "WOW", EARLIER, NOW)],
        shares=[events.Share("2001_1", EARLIER)],
        comments=[
            events.Comment("1_1", "2001_1", None, "9000001", "Merci", EARLIER, None),
            events.Comment("1_2", "2001_1", "1_1", None, "Oui", EARLIER + timedelta(hours=1), None),
        ],
        tags=[events.Tag("9000001_9", "2001", "9000001", EARLIER, None)],
        reviews=[
            events.Review("rv1", 1, EARLIER, 4, "Très bien", None, "facebook"),
            events.Review("rv2", 2, EARLIER + timedelta(days=1), 3, "Bof", None, "facebook"),
            events.Review("rv3", 1, EARLIER, 5, "Retirée", NOW, "facebook"),
            events.Review("rv4", 1, EARLIER, 5, "Ailleurs", None),
        ],
    )  # fmt: skip
    with running(world, NOW, only=["facebook"]) as sandbox:
        yield sandbox


@pytest.fixture
def facebook(served: Running) -> Running:
    served.sandbox.faults.clear()
    served.sandbox.requests.clear()
    return served


def get(facebook: Running, path: str, version: str = "v26.0", **params: Any) -> Any:
    return requests.get(
        f"{facebook.base_url}/facebook/{version}/{path}", params={"access_token": "sandbox-token"} | params, timeout=5
    ).json()


def refused(facebook: Running, path: str, version: str = "v26.0", **params: Any) -> tuple[int, int, int | None]:
    """HTTP status, code and subcode of an error."""
    answer = requests.get(
        f"{facebook.base_url}/facebook/{version}/{path}", params={"access_token": "sandbox-token"} | params, timeout=5
    )
    error = answer.json()["error"]
    assert error["message"]
    assert {"type", "fbtrace_id"} <= set(error)
    return answer.status_code, error["code"], error.get("error_subcode")


def insights(facebook: Running, account: str = "1001", **params: Any) -> Any:
    asked = {
        "level": "ad",
        "time_increment": "1",
        "time_range": json.dumps({"since": "2026-03-01", "until": "2026-03-11"}),
    }
    return get(facebook, f"act_{account}/insights", **(asked | params))


INSIGHTS = (
    "account_id,account_name,account_currency,campaign_id,campaign_name,adset_id,adset_name,ad_id,ad_name,date_start,"
    "date_stop,impressions,clicks,inline_link_clicks,reach,spend,actions,action_values"
)
RATED = "created_time,has_rating,has_review,rating,recommendation_type,review_text,reviewer,open_graph_story"


def test_insights_hold_what_is_shown_by_now_as_text_without_zeros(facebook: Running) -> None:
    row = insights(facebook, fields="ad_id,impressions,clicks,inline_link_clicks,reach,spend,actions,action_values")
    assert row["data"] == [
        {
            "ad_id": "251",
            "impressions": "185",  # clicks were taken back below zero: none is shown
            "reach": "120",
            "spend": "14.35",
            "actions": [{"action_type": "lead", "value": "2"}],
            "date_start": "2026-03-10",
            "date_stop": "2026-03-10",
        }
    ]
    assert insights(facebook, "1003", fields="spend")["data"][0]["spend"] == "450"  # yen have no cents


def test_a_report_is_made_in_steps(facebook: Running) -> None:
    url = f"{facebook.base_url}/facebook/v26.0/"
    asked = {
        "level": "ad",
        "time_increment": "1",
        "time_range": '{"since":"2026-03-01","until":"2026-03-11"}',
        "fields": '["ad_id","spend"]',
        "breakdowns": '["country"]',
        "access_token": "sandbox-token",
    }
    run_id = requests.post(f"{url}act_1001/insights", data=asked, timeout=5).json()["report_run_id"]
    assert refused(facebook, f"{run_id}/insights") == (400, 2601, 1815107)
    statuses = [get(facebook, f"{run_id}/", fields="async_status,async_percent_completion") for _ in range(4)]
    assert [one["async_status"][4:] for one in statuses] == ["Not Started", "Running", "Completed", "Completed"]
    assert [one["async_percent_completion"] for one in statuses] == [0, 0, 100, 100]
    assert get(facebook, f"{run_id}/insights")["data"] == [
        {"ad_id": "251", "spend": "14.35", "country": "FR", "date_start": "2026-03-10", "date_stop": "2026-03-10"}
    ]


def test_impossible_reports_are_refused(facebook: Running) -> None:
    asked = '{"since":"2026-03-01","until":"2026-03-11"}'
    both = '["country","publisher_platform"]'
    assert refused(facebook, "act_1001/insights", time_range=asked, breakdowns=both) == (400, 100, 1487534)
    too_old = '{"since":"2022-03-01","until":"2022-03-11"}'
    assert refused(facebook, "act_1001/insights", time_range=too_old)[:2] == (400, 3018)


def test_archived_campaigns_are_listed_only_when_named(facebook: Running) -> None:
    assert [one["id"] for one in get(facebook, "act_1001/campaigns")["data"]] == ["231"]
    named = get(facebook, "act_1001/campaigns", effective_status='["ACTIVE","ARCHIVED"]', limit=8)
    assert [one["id"] for one in named["data"]] == ["231", "232"]


def test_a_list_goes_on_while_there_is_a_next_page(facebook: Running) -> None:
    first = get(facebook, "2001/published_posts", limit=4, fields="id")
    assert "access_token=sandbox-token" in first["paging"]["next"]
    second = requests.get(first["paging"]["next"], timeout=5).json()
    assert first["data"] + second["data"] == [{"id": "2001_3"}, {"id": "2001_1"}]
    assert "next" not in second["paging"]
    assert second["paging"]["cursors"]["after"]
    assert [one.page for one in facebook.requests()] == [1, 2]
    assert not any(name == "access_token" for one in facebook.requests() for name, _ in one.query)


def test_counters_are_numbers_and_absent_shares_are_none(facebook: Running) -> None:
    fields = f"reactions.summary(total_count).limit(0),{STREAM},shares"
    posts = get(facebook, "2001/published_posts", limit=100, fields=fields)["data"]
    assert posts == [
        {"id": "2001_3", "reactions": {"data": [], "summary": {"total_count": 0}},
         "comments": {"data": [], "summary": {"total_count": 0}}},
        {"id": "2001_1", "reactions": {"data": [], "summary": {"total_count": 1}},
         "comments": {"data": [], "summary": {"total_count": 2}}, "shares": {"count": 1}},
    ]  # fmt: skip
    assert get(facebook, "2001", fields="fan_count,followers_count")["followers_count"] == 1001


def test_replies_come_in_the_stream_only_and_a_withheld_author_is_absent(facebook: Running) -> None:
    assert [one["id"] for one in get(facebook, "2001_1/comments")["data"]] == ["1_1"]
    both = get(facebook, "2001_1/comments", filter="stream", fields="id,parent{id},from{id}", limit=8)["data"]
    assert both == [{"id": "1_1", "from": {"id": "9000001"}}, {"id": "1_2", "parent": {"id": "1_1"}}]


def test_a_deleted_post_is_no_object(facebook: Running) -> None:
    assert refused(facebook, "2001_2/comments") == (400, 100, 33)


def test_insights_of_a_day_end_the_next_morning(facebook: Running) -> None:
    answer = get(facebook, "2001/insights", metric="page_follows", period="day", since="2026-03-10", until="2026-03-13")
    assert [one["values"] for one in answer["data"]] == [
        [
            {"value": 1001, "end_time": "2026-03-11T08:00:00+0000"},
            {"value": 1001, "end_time": "2026-03-12T08:00:00+0000"},
        ]
    ]
    assert "cursors" not in answer["paging"]


def test_what_was_retired_is_refused(facebook: Running) -> None:
    assert refused(facebook, "2001/insights", metric="page_follows,page_impressions")[:2] == (400, 100)
    assert refused(facebook, "2001/ratings")[1] == refused(facebook, "2001/ratings", "v22.0")[1] == 12


def test_recommendations_are_given_through_one_old_version_only(facebook: Running) -> None:
    wanted = "created_time,recommendation_type,has_rating,rating,review_text,reviewer{id},open_graph_story{id}"
    first, second = get(facebook, "2001/ratings", "v21.0", fields=wanted, limit=8)["data"]
    assert first == {
        "created_time": "2026-03-02T09:00:00+0000", "recommendation_type": "negative", "has_rating": False,
        "review_text": "Bof", "reviewer": {"id": "70000002"}, "open_graph_story": {"id": "60428272348"},
    }  # fmt: skip
    assert (second["recommendation_type"], "open_graph_story" in second) == ("positive", False)


def test_the_last_version_with_recommendations_ends_on_its_day(facebook: Running) -> None:
    facebook.set_clock(datetime(2027, 1, 20, 23, tzinfo=UTC))
    assert len(get(facebook, "2001/ratings", "v21.0", limit=8)["data"]) == 2
    facebook.set_clock(datetime(2027, 1, 21, tzinfo=UTC))
    assert refused(facebook, "2001/ratings", "v21.0")[1] == 2635
    facebook.set_clock(NOW)


@pytest.mark.parametrize("since", ["2025-12-01", "2024-02-01"])
def test_page_insights_are_of_ninety_days_and_two_years(facebook: Running, since: str) -> None:
    until = "2026-03-02" if since == "2025-12-01" else "2024-02-10"
    assert refused(facebook, "2001/insights", metric="page_follows", since=since, until=until)[:2] == (400, 100)


def test_a_wrong_token_is_refused(facebook: Running) -> None:
    assert refused(facebook, "act_1001", access_token="wrong") == (400, 190, None)
    answer = requests.get(
        f"{facebook.base_url}/facebook/v26.0/act_1001", headers={"Authorization": "Bearer sandbox-token"}, timeout=5
    )
    assert answer.status_code == 200


def test_versions_of_ads_end_before_those_of_pages(facebook: Running) -> None:
    assert get(facebook, "act_1001", "v25.0")["account_id"] == "1001"
    assert refused(facebook, "act_1001", "v24.0")[1] == 2635
    assert get(facebook, "2001", "v22.0")["name"] == "Boutique"
    assert get(facebook, "2001", "v21.0")["name"] == "Boutique"
    assert refused(facebook, "2001", "v20.0")[1] == 2635


@pytest.mark.parametrize("path", ["act_1001", "act_1001/ads", "2001", "2001/tagged", "2001_1/comments"])
def test_an_unknown_field_is_refused(facebook: Running, path: str) -> None:
    assert refused(facebook, path, fields="id,nonsense")[:2] == (400, 100)


def test_the_usage_is_on_every_answer(facebook: Running) -> None:
    facebook.fault("/campaigns", "429")
    for path in ("act_1001", "act_1001/campaigns"):
        url = f"{facebook.base_url}/facebook/v26.0/{path}?access_token=sandbox-token"
        answer = requests.get(url, timeout=5)
        usage = json.loads(answer.headers["x-business-use-case-usage"])["3001"]
        assert [one["estimated_time_to_regain_access"] for one in usage] == [0]
        assert "x-fb-ads-insights-throttle" in answer.headers


@pytest.mark.parametrize(
    ("path", "kind", "code"),
    [
        ("act_1001/campaigns", "429", 17),
        ("act_1001/insights", "429", 80000),
        ("2001/tagged", "429", 80001),
        ("act_1001", "token_expired", 190),
        ("act_1001", "quota_gone", 4),
    ],
)
def test_limits_are_codes_of_http_400(facebook: Running, path: str, kind: str, code: int) -> None:
    facebook.fault(f"{path}$", kind)
    assert refused(facebook, path)[:2] == (400, code)


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the vendor's specification is not beside the repository")
@pytest.mark.parametrize(
    ("kind", "path", "fields"),
    [
        ("AdAccount", "act_1001", "id,account_id,name,currency,timezone_name,account_status"),
        ("Campaign", "act_1001/campaigns", "id,account_id,name,objective,status,effective_status,created_time"),
        ("AdSet", "act_1001/adsets", "id,account_id,campaign_id,name,status,daily_budget,created_time,updated_time"),
        ("Ad", "act_1001/ads", "id,account_id,adset_id,campaign_id,name,status,created_time,updated_time"),
        ("AdsInsights", "act_1001/insights", INSIGHTS),
        (
            "CustomAudience",
            "act_1001/customaudiences",
            "id,account_id,name,approximate_count_lower_bound,approximate_count_upper_bound,time_created,delivery_status",
        ),
        ("Page", "2001", "id,name,access_token,fan_count,followers_count"),
        ("PagePost", "2001_1", "id,created_time,updated_time,message,from"),
        ("PagePost", "2001/tagged", "id,created_time,message,from"),
        ("Recommendation", "2001/ratings", RATED),
    ],
)  # fmt: skip
def test_every_field_is_one_of_the_specification_with_its_type(
    facebook: Running, kind: str, path: str, fields: str
) -> None:
    specified = json.loads(SPECIFICATION.read_text())[kind]["fields"]
    extra = {"time_range": '{"since":"2026-03-01","until":"2026-03-11"}'} if kind == "AdsInsights" else {}
    answer = get(facebook, path, "v21.0" if kind == "Recommendation" else "v26.0", fields=fields, **extra)
    for row in answer.get("data", [answer]):
        for name, value in row.items():
            assert name in specified
            assert isinstance(value, python_type(specified[name])), f"{name} is {value!r}, not {specified[name]}"


def python_type(name: str) -> type:
    if name.startswith("list"):
        return list
    if name in ("Status", "EffectiveStatus", "ConfiguredStatus", "string", "datetime"):
        return str
    if name == "bool":
        return bool
    return int if name.endswith("int") else dict
