"""The Facebook ads connector against the Marketing API, over a real socket, with Facebook's own client."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from pipelines.connector import AccessRefused, ConnectorError, Table
from pipelines.rows import SchemaDrift
from pipelines.sources.facebook_ads import CONNECTOR, FacebookAdsOptions
from pipelines.sources.facebook_ads.reports import ATTRIBUTION_DAYS, INSIGHTS
from sandbox import events
from sandbox.server import Running
from sandbox.vendors.facebook import ads as vendor
from tests.pipelines.vendors import First, Vendor, copied, passing_faults, unsent

FIRST_DAY = date(2026, 2, 1)
THROUGH = date(2026, 3, 12)  # forty days: two reports
EARLIER = datetime(2026, 1, 20, 9, tzinfo=UTC)
TOKEN = "SOURCES__FACEBOOK_ADS__ACCESS_TOKEN"
NUMBER_OF_ADS = 7


def morning(day: date) -> datetime:
    """When the vendor shows a day: five o'clock the next morning."""
    return datetime(day.year, day.month, day.day, 5, tzinfo=UTC) + timedelta(days=1)


def delivery(ad: str, day: date, impressions: int, spend: int, **more: Any) -> events.AdDelivery:
    said: dict[str, Any] = {
        "country": "FR", "platform": "facebook", "shown_at": morning(day),
        "clicks": impressions // 10, "link_clicks": impressions // 20, "reach": impressions // 2,
    }  # fmt: skip
    return events.AdDelivery(ad, day, impressions=impressions, spend=spend, **(said | more))


def small_world() -> events.World:
    day, last = date(2026, 3, 10), date(2026, 3, 11)
    return events.World(
        FIRST_DAY,
        THROUGH,
        ad_accounts=[events.AdAccount("1001", "Boutique FR", "EUR", "Europe/Paris")],
        ad_campaigns=[
            events.AdCampaign("231", "1001", "Prospection", "OUTCOME_SALES", "ACTIVE", EARLIER, EARLIER),
            events.AdCampaign("232", "1001", "Soldes", "OUTCOME_SALES", "DELETED", EARLIER, EARLIER),
        ],
        ad_sets=[events.AdSet("241", "231", "Large", "ACTIVE", 1000, EARLIER, EARLIER)],
        ads=[
            events.Ad(f"25{number}", "241", f"Image {number}", "ACTIVE", EARLIER, EARLIER)
            for number in range(NUMBER_OF_ADS)
        ],
        ad_deliveries=[
            delivery("250", FIRST_DAY, 100, 250),
            delivery("250", day, 200, 1435),
            delivery("250", day, 60, 65, country="BE", platform="instagram"),
            delivery("251", day, 40, 0),
            delivery("250", last, 20, 5),
            *(delivery(f"25{number}", date(2026, 3, 1), 10 + number, 10) for number in range(NUMBER_OF_ADS)),
        ],
        ad_conversions=[
            events.AdConversion("250", day, "FR", "facebook", morning(day), "purchase", "1d_click", 1, 4990),
            events.AdConversion("250", day, "FR", "facebook", morning(day), "purchase", "28d_click", 1, 1000),
        ],
        custom_audiences=[
            events.CustomAudience("2601", "1001", "Panier", EARLIER),
            events.CustomAudience("2602", "1001", "Nouveaux", EARLIER),
        ],
        audience_sizes=[
            events.AudienceSize("2601", EARLIER, 1000, 1180),
            events.AudienceSize("2601", datetime(2026, 3, 14, tzinfo=UTC), 1300, 1530),
        ],
    )


def chosen(**options: Any) -> FacebookAdsOptions:
    return FacebookAdsOptions.model_validate({"accounts": ["1001"], "page_rows": 4, "report_rows": 4} | options)


VENDOR = Vendor(CONNECTOR, chosen, small_world, morning(THROUGH), FIRST_DAY)
pull, rows = VENDOR.pull, VENDOR.rows


def more_world() -> events.World:
    """So many ads are never free."""
    world = small_world()
    world.ad_deliveries.append(delivery("256", date(2026, 3, 2), 900, 200))
    return world


@pytest.fixture(scope="module")
def of_more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return VENDOR.first(tmp_path_factory.mktemp("more"), world=more_world()).folder


def reports(served: Running) -> int:
    return sum(one.method == "POST" and one.path.endswith("/insights") for one in served.requests())


def test_the_whole_structure_arrives_deleted_campaigns_too(first: First, loaded: Path) -> None:
    assert rows(loaded, "select account_id, name, currency, timezone_name from accounts") == [
        ("1001", "Boutique FR", "EUR", "Europe/Paris")
    ]
    assert rows(loaded, "select id, status, effective_status from campaigns order by id") == [
        ("231", "ACTIVE", "ACTIVE"),
        ("232", "DELETED", "DELETED"),
    ]
    assert rows(loaded, "select id, campaign_id, daily_budget, created_time from adsets") == [
        ("241", "231", "1000", "2026-01-20T09:00:00+0000")
    ]
    assert rows(loaded, "select count(distinct id) from ads") == [(NUMBER_OF_ADS,)]
    pages = first.log.pages()
    assert pages["/{account}/ads"] == NUMBER_OF_ADS  # four asked, one given per page
    assert pages["/{report}/insights"] >= 2


def test_insights_are_what_the_vendor_wrote(loaded: Path) -> None:
    found = rows(
        loaded,
        "select impressions, clicks, inline_link_clicks, reach, spend, campaign_name, account_currency, actions, "
        "action_values from ads_insights where ad_id = '250' and date_start = '2026-03-10'",
    )
    assert found[0][:7] == ("260", "26", "13", "130", "15.00", "Prospection", "EUR")
    purchase = {"action_type": "purchase", "value": "1", "1d_click": "1", "7d_click": "1", "28d_click": "2"}
    assert json.loads(found[0][7]) == [purchase, {"action_type": "link_click", "value": "13"}]
    assert json.loads(found[0][8]) == [
        {"action_type": "purchase", "value": "49.90", "1d_click": "49.90", "7d_click": "49.90", "28d_click": "59.90"}
    ]
    zero = "select impressions, spend, action_values from ads_insights where ad_id = '251' order by date_start desc"
    assert rows(loaded, zero)[0] == ("40", None, None)


def test_breakdowns_hold_the_same_spend_as_the_totals(loaded: Path) -> None:
    spend = "select sum(cast(spend as decimal(18, 2))) from "
    totals = {name: rows(loaded, spend + name)[0][0] for name in INSIGHTS}
    assert set(map(str, totals.values())) == {"18.25"}  # 2.50 + 14.35 + 0.65 + 0.05 + 7 × 0.10
    assert rows(
        loaded,
        "select country, spend from ads_insights_by_country "
        "where date_start = '2026-03-10' and ad_id = '250' order by 1",
    ) == [("BE", "0.65"), ("FR", "14.35")]
    assert rows(
        loaded,
        "select publisher_platform from ads_insights_by_platform "
        "where date_start = '2026-03-10' and ad_id = '250' order by 1",
    ) == [("facebook",), ("instagram",)]


def test_a_second_run_adds_nothing(served: Running, loaded: Path, again: Path) -> None:
    pull(again)
    assert VENDOR.everything(again) == VENDOR.everything(loaded)
    assert all(VENDOR.everything(loaded).values())
    assert ATTRIBUTION_DAYS == 28  # one report for each of the three tables, after two on the first run
    assert reports(served) == 3


def test_a_restated_day_is_updated_and_a_vanished_one_vanishes(
    served: Running, world: events.World, again: Path
) -> None:
    later = morning(THROUGH) + timedelta(hours=1)
    world.ad_deliveries.append(delivery("250", date(2026, 3, 10), 40, 165, shown_at=later))
    world.ad_deliveries.append(delivery("250", date(2026, 3, 11), -20, -5, shown_at=later))
    served.set_clock(later)
    pull(again)
    query = "select date_start, spend from ads_insights where ad_id = '250' and date_start >= '2026-03-10' order by 1"
    assert rows(again, query) == [(date(2026, 3, 10), "16.65")]


SPEND = "select sum(cast(spend as decimal(18, 2))) from ads_insights"


def test_what_deleted_ads_have_spent_stays_spent_also_for_a_new_warehouse(
    served: Running, world: events.World, again: Path, tmp_path: Path
) -> None:
    later = morning(THROUGH) + timedelta(hours=1)
    world.ads[:] = [replace(one, deleted_at=later) for one in world.ads]
    served.set_clock(later)
    for folder in (again, tmp_path / "fresh"):
        pull(folder)
        # 2.50 + 14.35 + 0.65 + 0.05 + 7 × 0.10
        assert [str(spend) for (spend,) in rows(folder, SPEND)] == ["18.25"]
        assert rows(folder, "select distinct status from ads") == [("DELETED",)]


def test_a_campaign_that_is_listed_no_more_vanishes(served: Running, world: events.World, again: Path) -> None:
    world.ad_campaigns.pop()
    pull(again)
    assert rows(again, "select id from campaigns") == [("231",)]


def test_a_credit_for_a_day_beyond_the_window_is_found_by_the_deep_re_read(
    served: Running, world: events.World, again: Path
) -> None:
    credited = f"select impressions, spend from ads_insights where date_start = '{FIRST_DAY}'"
    none = {"clicks": 0, "link_clicks": 0, "reach": 0}
    world.ad_deliveries.append(delivery("250", FIRST_DAY, -50, -125, shown_at=morning(THROUGH), **none))
    VENDOR.pull_at(served, again, morning(date(2026, 3, 13)))
    assert rows(again, credited) == [("100", "2.50")]
    VENDOR.pull_at(served, again, morning(date(2026, 3, 19)))  # a week after the first load
    assert rows(again, credited) == [("50", "1.25")]
    assert rows(
        again,
        "select date_day, changed_at, rows_before, rows_after from raw_parcours.slice_changes "
        f"where table_name = 'ads_insights' and changed_at::date > '{THROUGH + timedelta(days=1)}' and rows_before > 0",
    ) == [(FIRST_DAY, morning(date(2026, 3, 19)), 1, 1)]


def test_a_backfill_asks_its_days_of_reports_and_captures_nothing(
    served: Running, world: events.World, again: Path
) -> None:
    later = morning(THROUGH) + timedelta(hours=1)
    for day in (date(2026, 3, 1), date(2026, 3, 10)):
        world.ad_deliveries.append(delivery("250", day, 1, 100, shown_at=later))
    served.set_clock(later)
    VENDOR.backfill(again, FIRST_DAY, date(2026, 3, 5), later)
    query = "select date_start, spend from ads_insights where ad_id = '250' and date_start >= '2026-03-01' order by 1"
    assert rows(again, query) == [
        (date(2026, 3, 1), "1.10"), (date(2026, 3, 10), "15.00"), (date(2026, 3, 11), "0.05"),
    ]  # fmt: skip
    assert not any(one.path.endswith("customaudiences") for one in served.requests())


def test_what_the_account_says_of_its_reports_is_kept(served: Running, world: events.World, tmp_path: Path) -> None:
    world.ad_accounts.append(events.AdAccount("1002", "Boutique US", "USD", "America/New_York"))
    for _ in range(2):
        pull(tmp_path, accounts=["1001", "1002"])
    windows = "1d_view, 1d_click, 7d_click, 28d_click"
    assert rows(
        tmp_path,
        "select account_id, caveat, detail, date_day from raw_parcours.caveats where table_name = 'ads_insights' "
        "order by all",
    ) == [
        ("1001", "account_currency", "EUR", None),
        ("1001", "attribution", windows, None),
        ("1002", "account_currency", "USD", None),
        ("1002", "account_zone", "America/New_York", None),
        ("1002", "attribution", windows, None),
    ]
    assert rows(tmp_path, "select table_name, count(*) from raw_parcours.caveats group by 1 order by 1") == [
        (name, 5) for name in sorted(INSIGHTS)
    ]


def test_how_much_of_the_limits_is_used_is_told(first: First) -> None:
    assert first.result.quota == {
        "all calls of the app": "10 % used",
        "ads_insights of 3001": "10 % used",
        "reports of ads, by the app": "7.1 % used",
        "reports of ads, of an account": "9 % used",
    }


def test_audiences_are_captured_day_by_day(served: Running, again: Path) -> None:
    VENDOR.pull_at(served, again, morning(THROUGH + timedelta(days=2)))
    assert rows(
        again,
        "select captured_on, id, approximate_count_lower_bound, approximate_count_upper_bound "
        "from custom_audiences order by all",
    ) == [
        (date(2026, 3, 13), "2601", 1000, 1180),
        (date(2026, 3, 13), "2602", -1, -1),
        (date(2026, 3, 15), "2601", 1300, 1530),
        (date(2026, 3, 15), "2602", -1, -1),
    ]


def test_a_deleted_audience_is_captured_no_more(served: Running, world: events.World, again: Path) -> None:
    later = morning(THROUGH + timedelta(days=2))
    world.custom_audiences[0] = replace(world.custom_audiences[0], deleted_at=later)
    VENDOR.pull_at(served, again, later)
    assert rows(again, "select captured_on, id from custom_audiences order by all") == [
        (date(2026, 3, 13), "2601"), (date(2026, 3, 13), "2602"), (date(2026, 3, 15), "2602"),
    ]  # fmt: skip


def test_an_audience_that_is_nowhere_is_warned_of(served: Running, tmp_path: Path) -> None:
    result = pull(tmp_path, retargeting_audiences=["2601", "2699"])
    assert result.warnings == [
        "facebook_ads: custom_audiences: no account has the audience 2699; correct retargeting_audiences"
    ]


def test_passing_faults_are_survived(served: Running, tmp_path: Path) -> None:
    paths = (r"/act_1001/?$", "/campaigns$", r"/act_1001/insights$", r"v26.0/60\d+/?$", r"/60\d+/insights$")
    passing_faults(served, *paths)
    pull(tmp_path / "five", history_start=date(2026, 3, 10))
    for path in paths:
        served.fault(path, "timeout", times=2, seconds=0.01)
    pull(tmp_path / "two", history_start=date(2026, 3, 10))
    for folder in (tmp_path / "five", tmp_path / "two"):
        assert rows(folder, "select count(*) from ads_insights") == [(3,)]
        assert rows(folder, "select count(*) from campaigns") == [(2,)]
    assert served.sandbox.faults.pending() == []


def test_a_report_that_failed_is_asked_for_again(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = vendor.job_statuses
    monkeypatch.setattr(
        vendor, "job_statuses", lambda number: ("Job Running", "Job Failed") if number == 1 else whole(number)
    )
    pull(tmp_path, history_start=date(2026, 3, 10))
    assert rows(tmp_path, "select count(*) from ads_insights") == [(3,)]
    assert reports(served) == 4  # three tables, one of them twice


def test_a_report_that_is_too_large_is_halved_down_to_a_day(
    served: Running, loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day = "select count(*) from ads_insights_by_platform group by date_start order by 1 desc limit 1"
    [(most,)] = rows(loaded, a_day)
    monkeypatch.setattr(vendor, "MOST_ROWS", most)
    pull(tmp_path)
    assert VENDOR.everything(tmp_path) == VENDOR.everything(loaded)
    assert sum(one.method == "POST" and one.status == "400" for one in served.requests()) > 0


@pytest.mark.parametrize("status", ["Job Failed", "Job Skipped"])
def test_a_report_that_always_fails_is_an_error(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr(vendor, "job_statuses", lambda number: ("Job Running", status))
    with pytest.raises(ConnectorError, match="did not finish the report of account 1001 from 2026-03-10 to 2026-03-10"):
        pull(tmp_path, history_start=date(2026, 3, 10))


def test_a_wrong_token_is_refused_with_advice(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "EAAwrongtoken123")
    with pytest.raises(AccessRefused, match=f"{TOKEN}.*ads_read") as refused:
        pull(tmp_path)
    assert "EAAwrongtoken123" not in str(refused.value)
    assert [one.path.rpartition("/")[2] for one in served.requests()] == ["debug_token", "act_1001"]


def test_a_new_field_does_no_harm_and_is_noted(served: Running, again: Path) -> None:
    served.fault("act_1001|/insights", "new_column", times=1000)
    later = THROUGH + timedelta(days=1)
    VENDOR.pull_at(served, again, morning(later))
    assert rows(again, "select count(*) from ads_insights where date_start = '2026-03-01'") == [(NUMBER_OF_ADS,)]
    seen = "select table_name, first_seen_at from raw_parcours.fields where field = 'a_field_of_tomorrow' order by 1"
    assert rows(again, seen) == [(name, morning(later)) for name in sorted(CONNECTOR.tables)]
    assert rows(again, "select min(first_seen_at) from raw_parcours.fields") == [(morning(THROUGH),)]


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {name: rows(folder, f"from {name} order by all") for name in CONNECTOR.tables}


@pytest.mark.parametrize("world", [more_world()], ids=["more"])
@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        (r"/act_1001/?$", "missing_column", "accounts row 1: the vendor no longer sends timezone_name"),
        (r"/60\d+/insights$", "missing_column", "ads_insights row 1 and all 11 rows: the vendor no longer sends spend"),
        ("/customaudiences$", "missing_column", "custom_audiences row 1: .* no longer sends approximate_count_lower_"),
        (r"/60\d+/?$", "renamed_enum", "ads_insights, before its first row: async_status is 'Job Done'"),
    ],
)
def test_what_figures_need_is_missed_by_name_and_nothing_changes(
    served: Running, of_more: Path, tmp_path: Path, path: str, kind: str, said: str
) -> None:
    served.fault(path, kind, times=100)
    with pytest.raises(SchemaDrift, match=f"facebook_ads: {said}.*nothing of this source was loaded"):
        pull(copied(of_more, tmp_path))
    assert contents(tmp_path) == contents(of_more)


def test_an_account_whose_days_cost_nothing_yet_is_no_drift(
    served: Running, world: events.World, tmp_path: Path
) -> None:
    world.ad_deliveries[:] = [delivery("251", date(2026, 3, 10), 40, 0)]
    world.audience_sizes.clear()
    pull(tmp_path)
    assert rows(tmp_path, "select impressions, spend from ads_insights") == [("40", None)]


def test_a_metric_that_is_no_number_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault(r"/60\d+/insights$", "changed_type")
    with pytest.raises(ConnectorError, match="impressions of ad 250 on 2026-02-01 is 'many', not a number"):
        pull(tmp_path)


def test_an_audience_size_that_is_no_number_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault("/customaudiences$", "changed_type")
    with pytest.raises(ConnectorError, match="approximate_count_lower_bound is a str that is no int64"):
        pull(tmp_path)


def test_history_that_the_vendor_no_longer_has_is_left_out(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = cast(dict[str, Table], CONNECTOR.tables)
    for name in INSIGHTS:
        monkeypatch.setitem(tables, name, replace(tables[name], kept_days=5))
    result = pull(tmp_path)
    assert result.warnings == [
        f"facebook_ads: {name} begins on 2026-03-08: the vendor keeps no older days" for name in INSIGHTS
    ]
    assert rows(tmp_path, "select count(*) from ads_insights") == [(3,)]


def test_check_says_what_is_connected(served: Running) -> None:
    said = CONNECTOR.check(FacebookAdsOptions(accounts=["1001"]))
    assert said == ["Marketing API v26.0", "account 1001, Boutique FR: EUR, Europe/Paris"]


def test_without_a_token_check_says_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    with pytest.raises(AccessRefused, match=f"there is no access token.*{TOKEN}"):
        CONNECTOR.check(FacebookAdsOptions(accounts=["1001"]))


def test_without_a_base_url_it_is_facebook_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__FACEBOOK_ADS__BASE_URL", raising=False)
    monkeypatch.setenv(TOKEN, "a-token")
    monkeypatch.setenv("SOURCES__FACEBOOK_ADS__APP_SECRET", "a-secret")
    asked = unsent(
        monkeypatch, lambda: CONNECTOR.check(FacebookAdsOptions(accounts=["1001"])), session=requests.Session
    )
    url = str(asked[0].url)
    assert url.startswith("https://graph.facebook.com/v26.0/act_1001?")
    assert "appsecret_proof=" in url
    assert "a-token" not in url
    assert "a-secret" not in url
    assert asked[0].headers["Authorization"] == "Bearer a-token"
