"""The Google Analytics connector: its own client over gRPC, against a property small enough to count by hand."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.analytics.data_v1beta import types

from pipelines.connector import AccessRefused, ConnectorError, QuotaExhausted
from pipelines.listing import ListingRefused
from pipelines.load import LoadResult
from pipelines.sources.google_analytics import CONNECTOR, GoogleAnalyticsOptions
from pipelines.sources.google_analytics.client import connect
from pipelines.sources.google_analytics.reports import periods
from sandbox.events import AudienceMember, Hit, LinkedAdCost, Property, Visit, World
from sandbox.server import Running
from sandbox.vendors.google_analytics import analytics_of
from sandbox.vendors.google_analytics.api import Analytics
from tests.pipelines.vendors import First, Vendor

PARIS = ZoneInfo("Europe/Paris")
FIRST_DAY, THROUGH = date(2026, 3, 1), date(2026, 3, 31)
NOW = datetime(2026, 4, 3, 6, tzinfo=UTC)  # the last day's hits have all shown
RUN_REPORT = "RunReport"
OPTIONS = GoogleAnalyticsOptions(
    properties=["1", "2"],
    primary="1",
    source_groups={"google": r"(www\.)?google(\.[a-z]{2,3}){0,2}"},
    capture_pages=["/guide"],
    audiences=["50"],
    page_rows=4,
)


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


def visit(number: int, cookie: str, source: str, day: int, landing: str = "/", engaged: bool = True) -> Visit:
    return Visit(
        visit_id=number, property_id="1", cookie_id=cookie, person_id=1, started_at=at(day), source=source,
        medium="organic", campaign="(organic)", reported_source=source, reported_medium="organic",
        reported_campaign="(organic)", google_ads_campaign_id="", landing_page=landing, device="desktop",
        country="France", is_engaged=engaged,
    )  # fmt: skip


def hit(number: int, visit_id: int | None, cookie: str | None, name: str, when: datetime, **more: Any) -> Hit:
    values: dict[str, Any] = {
        "hit_id": number, "property_id": "1", "visit_id": visit_id, "cookie_id": cookie, "name": name,
        "happened_at": when, "shown_at": when + timedelta(hours=2), "page": "/", "engagement_seconds": 0,
        "item_id": "", "item_name": "", "quantity": 0, "value": 0, "transaction_id": "",
    }  # fmt: skip
    return Hit(**(values | more))


def small_world() -> World:
    """Ada comes twice from Google and twice from elsewhere; Bob once, over midnight; somebody refuses consent."""
    visits = [
        visit(1, "ada", "google", 2, landing="/guide"),
        visit(2, "ada", "www.google.fr", 9),
        visit(3, "ada", "newsletter", 9, engaged=False),
        visit(4, "bob", "mail.google.com", 10, landing="/guide", engaged=False),
    ]
    hits = [
        hit(1, 1, "ada", "page_view", at(2), engagement_seconds=30),
        hit(2, 1, "ada", "generate_lead", at(2, 12, 1)),
        hit(3, 2, "ada", "view_item", at(9), item_id="P1", item_name="Soap", quantity=1),
        hit(4, 2, "ada", "add_to_cart", at(9, 12, 1), item_id="P1", item_name="Soap", quantity=2),
        hit(5, 3, "ada", "purchase", at(9, 18), item_id="P1", item_name="Soap", quantity=2, transaction_id="T1"),
        hit(6, 4, "bob", "page_view", at(10, 23, 58)),
        hit(7, 4, "bob", "page_view", at(11, 0, 3)),
        hit(8, None, None, "page_view", at(12)),
    ]
    costs = [
        LinkedAdCost("1", date(2026, 3, 9), "brand", "77", "google", "cpc", 1250, at(10, 4)),
        LinkedAdCost("1", date(2026, 3, 9), "fb", "", "facebook", "cpc", 900, at(10, 6)),
    ]
    sites = [
        Property("1", "Shop", "Europe/Paris", "EUR", is_primary=True),
        Property("2", "Blog", "America/New_York", "USD", is_primary=False),
    ]
    audience = [AudienceMember("1", "50", "Recent", "ada", at(2), None)]
    return World(
        FIRST_DAY, THROUGH, properties=sites, visits=visits, hits=hits, linked_ad_costs=costs, audience_members=audience
    )


VENDOR = Vendor(CONNECTOR, lambda **more: OPTIONS.model_copy(update=more), small_world, NOW, FIRST_DAY)
rows = VENDOR.rows


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    return VENDOR.first(tmp_path_factory.mktemp("first"), through=THROUGH)


def pull(folder: Path, **options: Any) -> LoadResult:
    return VENDOR.pull(folder, through=THROUGH, **options)


def counted(folder: Path, report: str, grain: str, metric: str) -> dict[date, int]:
    """Period → a metric of a report of the primary property; 0 where the vendor gave no row."""
    found = rows(
        folder,
        f"select period_start, metrics from raw_google_analytics.period_metrics where property_id = '1' "
        f"and report = '{report}' and grain = '{grain}'",
    )
    return {start: int(json.loads(metrics).get(metric, 0)) for start, metrics in found}


def test_users_and_sessions_are_asked_for_per_period(loaded: Path) -> None:
    users = counted(loaded, "site", "day", "totalUsers")
    assert {start.day: n for start, n in users.items() if n} == {2: 1, 9: 1, 10: 1, 11: 1}
    assert len(users) == 31  # a day without visitors is a day, too
    assert counted(loaded, "site", "month", "totalUsers") == {date(2026, 3, 1): 2}
    assert counted(loaded, "site", "month", "sessions") == {date(2026, 3, 1): 4}
    weeks = counted(loaded, "site", "week", "sessions")
    assert weeks[date(2026, 3, 9)] == 3  # Bob's session over midnight counts once


def test_a_source_group_takes_whole_names_whatever_their_case(loaded: Path) -> None:
    assert counted(loaded, "source:google", "month", "totalUsers") == {date(2026, 3, 1): 1}
    assert counted(loaded, "source:google", "month", "sessions") == {date(2026, 3, 1): 2}


def test_capture_pages_and_events_are_sessions_that_hold_them(loaded: Path) -> None:
    month = date(2026, 3, 1)
    assert counted(loaded, "landing:capture", "month", "sessions") == {month: 2}
    assert counted(loaded, "landing:capture:lead", "month", "sessions") == {month: 1}
    assert counted(loaded, "event:add_to_cart", "month", "sessions") == {month: 1}
    assert counted(loaded, "event:purchase", "month", "sessions") == {month: 1}


def test_every_page_of_a_dated_report_arrives(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, page_rows=1)
    assert rows(tmp_path, "select sum(sessions::int) from raw_google_analytics.traffic_by_day") == [(5,)]
    assert served.sandbox.requests.pages()["runReport:date,sessionSource,sessionMedium,sessionCampaignName"] == 5


def test_google_ads_cost_stands_apart_from_imported_cost(loaded: Path) -> None:
    query = (
        "select date_day, google_ads_campaign_id, advertiser_ad_cost, currency_code "
        "from raw_google_analytics.ad_cost_by_day order by 2"
    )
    assert rows(loaded, query) == [
        (date(2026, 3, 9), "(not set)", "9", "EUR"),
        (date(2026, 3, 9), "77", "12.5", "EUR"),
    ]


def test_an_audience_is_counted_by_its_export_once_a_day(served: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    pull(tmp_path)
    query = "select captured_on, row_count, state from raw_google_analytics.audience_exports"
    assert rows(tmp_path, query) == [(date(2026, 4, 3), 1, "ACTIVE")]
    created = [request for request in served.requests() if request.path.endswith("CreateAudienceExport")]
    assert len(created) == 1


def test_an_export_that_failed_is_asked_anew_at_once(served: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    [export] = analytics_of(served.sandbox).exports.values()
    export.state = types.AudienceExport.State(types.AudienceExport.State.FAILED)
    served.set_clock(NOW + timedelta(minutes=1))
    assert pull(tmp_path).warnings == []
    assert len(analytics_of(served.sandbox).exports) == 2
    assert rows(tmp_path, "select row_count, state from raw_google_analytics.audience_exports") == [(1, "ACTIVE")]


def test_a_second_run_adds_nothing(served: Running, loaded: Path, again: Path) -> None:
    pull(again)
    assert VENDOR.everything(again) == VENDOR.everything(loaded)


def test_late_hits_change_the_days_that_are_read_again(world: World, again: Path) -> None:
    world.visits.append(visit(5, "eve", "google", 30))
    world.hits.append(hit(9, 5, "eve", "page_view", at(30)))
    with VENDOR.served(world):
        pull(again)
    assert counted(again, "site", "day", "totalUsers")[date(2026, 3, 30)] == 1
    assert counted(again, "site", "month", "totalUsers") == {date(2026, 3, 1): 3}


def test_a_changed_group_asks_its_own_history_again(served: Running, first: First, again: Path) -> None:
    pull(again, source_groups={"google": r"mail\.google\.com"})
    assert counted(again, "source:google", "day", "totalUsers")[date(2026, 3, 10)] == 1
    assert len(served.requests()) < len(first.requests())


def test_a_month_that_comes_empty_is_held_against_its_earlier_days(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailed = {"google": r"mail\.google\.com"}  # on the tenth alone: a later refresh reads no day with anybody
    pull(tmp_path, source_groups=mailed)
    whole = Analytics.batch_run_reports

    def emptied(api: Analytics, request: types.BatchRunReportsRequest) -> types.BatchRunReportsResponse:
        answer = whole(api, request)
        for asked, report in zip(request.requests, answer.reports, strict=True):
            if "mail" in str(asked.dimension_filter):
                report.rows, report.row_count = [], 0
        return answer

    monkeypatch.setattr(Analytics, "batch_run_reports", emptied)
    said = "source:google of property 1 contradicts itself: from 2026-03-01 to 2026-03-31 it has no row"
    with pytest.raises(ListingRefused, match=said):
        pull(tmp_path, source_groups=mailed)
    assert counted(tmp_path, "source:google", "month", "totalUsers") == {date(2026, 3, 1): 1}


def test_passing_faults_are_survived(served: Running, loaded: Path, tmp_path: Path) -> None:
    for number, kind in enumerate(("429", "500", "502_html", "reset", "timeout")):
        served.fault(RUN_REPORT, kind, after=number)
    pull(tmp_path)
    assert served.sandbox.faults.pending() == []
    assert VENDOR.everything(tmp_path) == VENDOR.everything(loaded)


def test_a_spent_quota_is_told_and_not_waited_for(served: Running, tmp_path: Path) -> None:
    served.fault(RUN_REPORT, "quota_gone", times=100, seconds=2)
    with pytest.raises(QuotaExhausted, match=r"Exhausted property tokens per day.*what was loaded stays"):
        pull(tmp_path)


def test_a_refused_credential_says_what_to_do(served: Running, tmp_path: Path) -> None:
    served.fault(RUN_REPORT, "token_expired", times=100)
    with pytest.raises(AccessRefused, match="SOURCES__GOOGLE_ANALYTICS__CREDENTIALS"):
        pull(tmp_path)


def test_a_property_without_permission_is_refused_with_advice(served: Running) -> None:
    with pytest.raises(AccessRefused, match="as Viewer of the property"):
        CONNECTOR.check(OPTIONS.model_copy(update={"properties": ["3"]}))


def test_check_names_zone_and_currency(served: Running) -> None:
    assert CONNECTOR.check(OPTIONS) == [
        "property 1, primary: Europe/Paris, EUR",
        "property 2: America/New_York, USD",
    ]


def test_without_a_base_url_it_is_google_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"type": "service_account", "client_email": "a@b.c", "token_uri": "https://oauth2.googleapis.com/token"}
    with pytest.raises(AccessRefused, match="not the JSON key"):
        connect("analyticsdata.googleapis.com", json.dumps(key))
    monkeypatch.setattr(
        "google.oauth2.service_account.Credentials.from_service_account_info", lambda *_, **__: anonymous()
    )
    transport = connect("analyticsdata.googleapis.com", "{}").transport
    assert transport.host == "analyticsdata.googleapis.com:443"
    assert transport.kind == "grpc"


def anonymous() -> Any:
    from google.auth.credentials import AnonymousCredentials

    return AnonymousCredentials()  # type: ignore[no-untyped-call]


def test_periods_are_whole_calendar_periods_up_to_the_last_day() -> None:
    asked = [
        (one.grain, one.first_day, one.last_day) for one in periods(date(2026, 12, 30), date(2027, 1, 5), "monday")
    ]
    assert asked == [
        ("week", date(2026, 12, 28), date(2027, 1, 3)),
        ("week", date(2027, 1, 4), date(2027, 1, 5)),
        ("month", date(2026, 12, 1), date(2026, 12, 31)),
        ("month", date(2027, 1, 1), date(2027, 1, 5)),
        ("quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("quarter", date(2027, 1, 1), date(2027, 1, 5)),
        ("year", date(2026, 1, 1), date(2026, 12, 31)),
        ("year", date(2027, 1, 1), date(2027, 1, 5)),
    ]


def test_an_unknown_name_is_answered_in_the_vendors_words(served: Running, tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="was not found"):
        pull(tmp_path, audiences=["99"])
