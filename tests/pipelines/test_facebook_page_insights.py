"""Page insights: dated by the vendor's day, and metrics that Facebook retires on a date, with their past."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.load import LoadResult
from pipelines.sources.facebook_page import CONNECTOR, FacebookPageOptions
from pipelines.sources.facebook_page.insights import RETIRED, series_of
from sandbox.events import Follow, Page, Post, Reaction, World
from sandbox.server import Running
from sandbox.vendors.facebook import page_insights as vendor
from tests.pipelines.vendors import Vendor

FIRST_DAY = date(2026, 6, 1)
REACH, SUCCESSOR = "page_impressions_unique", "page_total_media_view_unique"
TAKE_OUT = "in its place in [sources.facebook_page] metrics"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def small_world() -> World:
    return World(
        FIRST_DAY,
        date(2026, 6, 30),
        pages=[Page("2001", "Boutique", 1000, 900)],
        follows=[Follow("2001", at(day), change) for day, change in ((2, 1), (3, 1), (4, -1))],
        posts=[Post("2001_1", "2001", at(5), "Actualité", None)],
        reactions=[Reaction("2001_1", "LIKE", at(5), None)],
    )


VENDOR = Vendor(
    CONNECTOR, lambda metrics: FacebookPageOptions(pages=["2001"], metrics=metrics), small_world, at(14, 9), FIRST_DAY
)
rows = VENDOR.rows


def pull(served: Running, folder: Path, day: int, *metrics: str, **asked: Any) -> LoadResult:
    """The load of a morning, through the day before."""
    return VENDOR.pull_at(served, folder, at(day, 9), metrics=list(metrics), **asked)


def counted(folder: Path, column: str = "max(date_day)") -> dict[str, list[Any]]:
    """Rows of each metric, and something of them."""
    return {
        metric: found
        for metric, *found in rows(folder, f"select metric, count(*), {column} from page_insights group by 1")
    }


def breaks(folder: Path) -> list[tuple[Any, ...]]:
    return rows(
        folder, "select account_id, caveat, detail, date_day from raw_parcours.caveats where caveat = 'series_break'"
    )


def test_insights_are_dated_by_the_day_that_ends_the_next_morning(served: Running, tmp_path: Path) -> None:
    pull(served, tmp_path, 14, "page_follows")
    levels = rows(tmp_path, "select date_day, value, end_time, period from page_insights order by 1")
    assert [day for day, *_ in levels] == [FIRST_DAY + timedelta(days=number) for number in range(13)]
    assert levels[:4] == [
        (date(2026, 6, 1), "1000", "2026-06-02T08:00:00+0000", "day"),
        (date(2026, 6, 2), "1001", "2026-06-03T08:00:00+0000", "day"),
        (date(2026, 6, 3), "1002", "2026-06-04T08:00:00+0000", "day"),
        (date(2026, 6, 4), "1001", "2026-06-05T08:00:00+0000", "day"),
    ]


def test_long_histories_are_asked_in_parts(served: Running, tmp_path: Path) -> None:
    metrics = ("page_follows", "page_media_view")
    result = pull(served, tmp_path, 14, *metrics, history_start=date(2024, 1, 1))
    query = "select min(date_day), max(date_day), count(*) from page_insights where metric = 'page_follows'"
    assert rows(tmp_path, query) == [(date(2024, 6, 15), date(2026, 6, 13), 729)]
    assert result.warnings == ["facebook_page: page_insights begins on 2024-06-15: the vendor keeps no older days"]


def test_a_metric_that_ends_keeps_its_past_and_another_goes_on(served: Running, tmp_path: Path) -> None:
    assert pull(served, tmp_path, 14, REACH).warnings == []
    before = rows(tmp_path, f"select date_day, value from page_insights where metric = '{REACH}' order by 1")
    assert len(before) == 13
    assert before[4] == (date(2026, 6, 5), "27")  # 20, and 7 for the one reaction
    ended = (
        f"facebook_page: Facebook has retired {REACH} of page 2001 (none since 2026-06-14); what was read of it stays. "
        f"Write {SUCCESSOR} {TAKE_OUT}"
    )
    for day in (15, 16, 24, 25):  # the vendor ends it on the 15th; the loads of the 24th are deep
        assert pull(served, tmp_path, day, REACH).warnings == [ended]
        query = f"select date_day, value from page_insights where metric = '{REACH}' order by 1"
        assert rows(tmp_path, query) == before
        assert counted(tmp_path)[SUCCESSOR] == [day - 1, at(day - 1).date()]
        detail = f"{REACH} was retired by the vendor; {SUCCESSOR} goes on"
        assert breaks(tmp_path) == [(f"2001/{REACH}", "series_break", detail, date(2026, 6, 14))]


def test_a_metric_that_ended_before_costs_no_call_and_no_other_metric(served: Running, tmp_path: Path) -> None:
    pull(served, tmp_path, 14, "page_impressions", "page_follows")
    assert counted(tmp_path, "any_value(series)") == {
        "page_follows": [13, "2001/page_follows"],
        "page_media_view": [13, "2001/page_media_view"],
    }
    assert breaks(tmp_path) == []  # it ended before the history begins
    asked = [dict(one.query)["metric"] for one in served.requests() if one.path.endswith("/insights")]
    assert sorted(asked) == ["page_follows", "page_media_view"]


def test_an_end_that_nobody_announced_is_marked_on_the_first_day_without_the_metric(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = ("page_views_total", "page_follows")
    pull(served, tmp_path, 14, *metrics)
    monkeypatch.setitem(vendor.ENDS_AT, "page_views_total", at(14, 10))
    for day in (15, 16, 24, 25):
        warnings = pull(served, tmp_path, day, *metrics).warnings
        assert warnings == [
            "facebook_page: Facebook has retired page_views_total of page 2001 (none since 2026-06-14); what was read "
            f"of it stays. Write another one {TAKE_OUT}"
        ]
        assert counted(tmp_path)["page_views_total"] == [13, date(2026, 6, 13)]
        assert counted(tmp_path)["page_follows"] == [day - 1, at(day - 1).date()]
        detail = "page_views_total was retired by the vendor"
        assert breaks(tmp_path) == [("2001/page_views_total", "series_break", detail, date(2026, 6, 14))]
    monkeypatch.delitem(vendor.ENDS_AT, "page_views_total")
    assert pull(served, tmp_path, 26, *metrics).warnings == []  # it is back
    assert counted(tmp_path)["page_views_total"][1] == date(2026, 6, 25)


def test_a_metric_that_never_was_is_warned_of_and_not_covered(served: Running, tmp_path: Path) -> None:
    for day in (14, 15):
        assert pull(served, tmp_path, day, "page_nonsense", "page_follows").warnings == [
            "facebook_page: Facebook does not know the metric page_nonsense (page 2001): correct "
            "[sources.facebook_page] metrics"
        ]
    covered = "select distinct account_id from raw_parcours.loads where table_name = 'page_insights'"
    assert rows(tmp_path, covered) == [("2001/page_follows",)]
    assert breaks(tmp_path) == []


def test_a_metric_that_is_wanted_later_is_read_from_the_beginning(served: Running, tmp_path: Path) -> None:
    pull(served, tmp_path, 14, "page_follows")
    pull(served, tmp_path, 15, "page_follows", "page_media_view")
    assert counted(tmp_path, "min(date_day)")["page_media_view"] == [14, FIRST_DAY]


def test_what_takes_the_place_of_a_retired_metric_is_no_retired_one() -> None:
    assert {successor for _, successor in RETIRED.values()}.isdisjoint(RETIRED)
    assert [one.account_id for one in series_of(["1", "2"], ["page_fans", "page_follows"])] == [
        "1/page_fans", "1/page_follows", "2/page_fans", "2/page_follows",
    ]  # fmt: skip
