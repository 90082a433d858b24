"""What open periods are compared with is counted by Google Analytics for its very days, and only for those of now."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from google.analytics.data_v1beta import types

from pipelines.caveats import CAVEATS
from pipelines.connector import ConnectorError
from pipelines.listing import ListingRefused
from pipelines.load import LoadResult, load
from pipelines.sources.google_analytics import CONNECTOR, GoogleAnalyticsOptions
from sandbox.events import Property, World
from sandbox.server import Running
from sandbox.vendors.google_analytics.api import Analytics
from tests.pipelines.test_google_analytics import PARIS, hit, visit
from tests.pipelines.vendors import Vendor

FIRST_DAY = date(2026, 1, 1)
NOW = datetime(2026, 3, 13, 6, tzinfo=UTC)  # through Thursday, 12 March
OPTIONS = GoogleAnalyticsOptions(
    properties=["1"], primary="1", source_groups={"google": "google"}, history_start=FIRST_DAY
)
# Who came on which day: Ada on two of the first twelve days of February; Eve came on the thirteenth.
CAME = [("ada", 2, 2), ("ada", 2, 12), ("bob", 2, 12), ("eve", 2, 13), ("ada", 3, 3), ("dan", 3, 6), ("dan", 3, 10)]
Answer = types.BatchRunReportsResponse


def small_world() -> World:
    visits, hits = [], []
    for number, (cookie, month, day) in enumerate(CAME):
        came = datetime(2026, month, day, 12, tzinfo=PARIS).astimezone(UTC)
        visits.append(visit(number, cookie, "google" if cookie == "bob" else "news", 1))
        hits.append(hit(number, number, cookie, "page_view", came))
    site = Property("1", "Shop", "Europe/Paris", "EUR", is_primary=True)
    return World(FIRST_DAY, date(2026, 3, 31), properties=[site], visits=visits, hits=hits)


VENDOR = Vendor(CONNECTOR, lambda **more: OPTIONS.model_copy(update=more), small_world, NOW, FIRST_DAY)


def parts_of(folder: Path, report: str = "site") -> dict[str, tuple[date, date, int]]:
    """Earlier part → its days and users."""
    found = VENDOR.rows(
        folder,
        "select grain, period_start, period_end, metrics from raw_google_analytics.to_date_metrics "
        f"where report = '{report}'",
    )
    return {grain: (start, end, int(json.loads(said).get("totalUsers", 0))) for grain, start, end, said in found}


def altered(monkeypatch: pytest.MonkeyPatch, change: Callable[[Answer], None]) -> None:
    """Let the vendor answer otherwise where it is asked for earlier parts."""
    honest = Analytics.batch_run_reports

    def answered(api: Analytics, request: types.BatchRunReportsRequest) -> Answer:
        answer = honest(api, request)
        if request.requests[0].date_ranges[0].name:
            change(answer)
        return answer

    monkeypatch.setattr(Analytics, "batch_run_reports", answered)


def test_who_came_is_counted_over_as_many_first_days(loaded: Path) -> None:
    assert parts_of(loaded) == {
        "previous_week_to_date": (date(2026, 3, 2), date(2026, 3, 5), 1),
        "previous_month_to_date": (date(2026, 2, 1), date(2026, 2, 12), 2),  # Ada, on two days, and Bob
    }
    assert parts_of(loaded, "source:google")["previous_month_to_date"][2] == 1


def test_only_those_of_now_are_kept(served: Running, again: Path) -> None:
    VENDOR.pull_at(served, again, NOW + timedelta(days=1))
    assert parts_of(again) == {
        "previous_week_to_date": (date(2026, 3, 2), date(2026, 3, 6), 2),
        "previous_month_to_date": (date(2026, 2, 1), date(2026, 2, 13), 3),
    }
    VENDOR.pull_at(served, again, NOW + timedelta(days=3))  # through Sunday: the one range of all
    assert parts_of(again) == {"previous_month_to_date": (date(2026, 2, 1), date(2026, 2, 15), 3)}
    assert VENDOR.rows(again, "select count(*) from raw_google_analytics.period_metrics where grain like '%date'") == [
        (0,)
    ]


def test_what_is_not_asked_for_any_more_is_no_deletion(served: Running, again: Path) -> None:
    sunday = NOW + timedelta(days=3)
    served.set_clock(sunday)
    result = load(CONNECTOR, OPTIONS, again / "warehouse.duckdb", again / "dlt", VENDOR.asked(sunday))
    assert result.warnings == []
    assert parts_of(again).keys() == {"previous_month_to_date"}


def test_where_the_quota_is_short_they_are_left_out_and_that_is_said(
    served: Running, loaded: Path, again: Path
) -> None:
    said = VENDOR.pull(again).quota["tokens per hour, property 1"]
    used = int(re.findall(r"[\d,]+", said)[0].replace(",", ""))
    served.quality(tokens_per_hour=2 * used + 1)  # enough for such another load, and for no third
    assert_left_out(again, VENDOR.pull_at(served, again, NOW + timedelta(minutes=30)))
    served.quality()
    VENDOR.pull_at(served, again, NOW + timedelta(hours=5))
    assert parts_of(again) == parts_of(loaded)
    assert VENDOR.rows(again, "select count(*) from raw_parcours.caveats where caveat = 'left_out'") == [(0,)]


def test_where_the_quota_is_spent_meanwhile_they_are_left_out_too(served: Running, again: Path) -> None:
    served.fault("BatchRunReports", "quota_gone", after=len(OPTIONS.reports()), times=100)
    assert_left_out(again, VENDOR.pull(again))


def assert_left_out(folder: Path, result: LoadResult) -> None:
    """None is kept of before, which had fewer days; nothing else is missing."""
    assert parts_of(folder) == {}
    assert [one for one in result.warnings if CAVEATS["left_out"] in one]
    told = VENDOR.rows(folder, "select grain, date_day from raw_parcours.caveats where caveat = 'left_out' order by 1")
    assert told == [("previous_month_to_date", date(2026, 2, 1)), ("previous_week_to_date", date(2026, 3, 2))]


def test_a_part_that_comes_empty_is_held_against_its_days(
    served: Running, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def empty(answer: Answer) -> None:
        for report in answer.reports:
            report.rows, report.row_count = [], 0

    altered(monkeypatch, empty)
    before = parts_of(again)
    with pytest.raises(ListingRefused, match="contradicts itself: from 2026-03-02 to 2026-03-05 it has no row"):
        VENDOR.pull(again)
    assert parts_of(again) == before


def test_answers_in_another_order_are_refused(served: Running, again: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reverse(answer: Answer) -> None:
        answer.reports = list(answer.reports)[::-1]

    altered(monkeypatch, reverse)
    before = parts_of(again)
    with pytest.raises(ConnectorError):
        VENDOR.pull(again)
    assert parts_of(again) == before
