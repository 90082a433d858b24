"""What Google Analytics says against its own figures: caveats, quota, and totals that hold when segments do not."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest

from flows.places import PROJECT, Places
from flows.refresh import run_refresh
from pipelines.connector import Caveat, Plan, Pull, QuotaExhausted
from pipelines.plan import Asked
from pipelines.settings import Settings, read_settings
from pipelines.sources.google_analytics import CONNECTOR, DATED, GoogleAnalyticsOptions
from pipelines.sources.google_analytics.quality import ESTIMATED
from sandbox.events import Hit, Visit, World
from sandbox.server import Running, running
from sandbox.truth import Refresh, truth
from sandbox.world import generate
from tests.end_to_end.comparison import compare, published_values, summary
from tests.end_to_end.conftest import business
from tests.pipelines.loads import load_whole

PARIS = ZoneInfo("Europe/Paris")
FIRST_DAY, THROUGH = date(2026, 3, 1), date(2026, 3, 31)
NOW = datetime(2026, 4, 3, 6, tzinfo=UTC)  # the last day's hits have all shown
SHOP, BLOG = "111111111", "222222222"
OPTIONS = GoogleAnalyticsOptions(
    properties=[SHOP, BLOG],
    primary=SHOP,
    source_groups={"google": r"(www\.)?google(\.[a-z]{2,3}){0,2}"},
    page_rows=9999,
)
GOOGLE = "source:google, source:google:organic, source:google:paid"
# Property and table, whatever is loaded.
ALWAYS = {
    *(
        Caveat(table, one, "estimated", ESTIMATED)
        for table in ("period_metrics", "traffic_by_day")
        for one in (SHOP, BLOG)
    ),
    *(Caveat(table, BLOG, "account_zone", "America/New_York") for table in ("period_metrics", *DATED)),
    Caveat("ad_cost_by_day", SHOP, "account_currency", "EUR"),
    Caveat("ad_cost_by_day", BLOG, "account_currency", "USD"),
}


@dataclass
class Loaded:
    """What one load gave and said."""

    plan: Plan
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def said(self, name: str, table: str, property_id: str = SHOP) -> dict[tuple[str, date | None], str]:
        """(grain, day) → detail, of one caveat on one table."""
        found = [
            one for one in self.plan.caveats if (one.name, one.table, one.account_id) == (name, table, property_id)
        ]
        assert len({(one.grain, one.day) for one in found}) == len(found)
        return {(one.grain, one.day): one.detail for one in found}

    def of(self, table: str, property_id: str = SHOP) -> list[dict[str, Any]]:
        return [row for row in self.rows[table] if row["property_id"] == property_id]


@pytest.fixture(scope="module")
def world() -> World:
    return generate(first_day=FIRST_DAY, last_day=THROUGH, scale=0.4)


@pytest.fixture(scope="module")
def analytics(world: World) -> Iterator[Running]:
    with running(world, NOW) as sandbox, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SOURCES__GOOGLE_ANALYTICS__BASE_URL", f"grpc://{sandbox.grpc_address}")
        yield sandbox


def pulled(sandbox: Running, **switches: Any) -> Loaded:
    """Everything of March, from a vendor that falls short in these ways."""
    sandbox.quality(**switches)
    pulls = [
        Pull(table, scope.account_id, FIRST_DAY, THROUGH, scope.definition)
        for table in CONNECTOR.tables
        for scope in CONNECTOR.scopes(OPTIONS, table)
    ]
    loaded = Loaded(Plan(NOW, THROUGH, PARIS, tuple(pulls)))
    for name, resource in CONNECTOR.source(OPTIONS, loaded.plan).resources.items():
        loaded.rows[name] = []
        for item in resource:
            loaded.rows[name] += item.to_pylist() if isinstance(item, pa.Table) else [item]
    return loaded


@pytest.fixture(scope="module")
def well(analytics: Running) -> Loaded:
    return pulled(analytics)


def days(first: int = 1, last: int = 31) -> set[date]:
    return {date(2026, 3, day) for day in range(first, last + 1)}


def hits(world: World, property_id: str = SHOP) -> list[tuple[date, Hit, Visit | None]]:
    """Consented hits with their day and session."""
    visits = {visit.visit_id: visit for visit in world.visits}
    return [
        (hit.happened_at.astimezone(PARIS).date(), hit, visits.get(hit.visit_id or 0))
        for hit in world.hits
        if hit.property_id == property_id and hit.cookie_id
    ]


def channel(visit: Visit | None) -> tuple[str, ...]:
    return (visit.reported_source, visit.reported_medium, visit.reported_campaign) if visit else ("~",)


def kept(world: World, most: int) -> dict[date, set[tuple[str, ...]]]:
    """The channels of each day that are not lumped together: the most frequent by events, then by name."""
    events: defaultdict[date, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for day, _, visit in hits(world):
        events[day][channel(visit)] += 1
    return {day: set(sorted(counted, key=lambda one: (-counted[one], one))[:most]) for day, counted in events.items()}


def test_what_holds_for_a_property_is_said_once(well: Loaded) -> None:
    assert well.plan.caveats == ALWAYS
    assert well.plan.warnings == []


def test_a_sample_is_told_with_its_share_for_each_range_that_has_one(
    analytics: Running, world: World, well: Loaded
) -> None:
    events = Counter(day for day, _, _ in hits(world))
    most = 2 * sum(events[day] for day in days(9, 15))  # two weeks are not sampled
    loaded = pulled(analytics, sampled_events=most)
    found = loaded.said("sampled", "period_metrics")
    whole = {("month", date(2026, 3, 1)), ("quarter", date(2026, 1, 1)), ("year", date(2026, 1, 1))}
    assert set(found) == whole | {("day", day) for day in days()}
    (month,) = [row for row in loaded.of("period_metrics") if row["report"] == "site" and row["grain"] == "month"]
    sample = month["metadata"]["samplingMetadatas"][2]  # the third of its request, after two weeks
    assert sample["samplingSpaceSize"] == sum(events.values())
    share = f"{100 * sample['samplesReadCount'] / sum(events.values()):.1f} % of events"
    assert set(found.values()) == {share}
    assert loaded.said("sampled", "traffic_by_day") == {("", day): share for day in days()}
    assert loaded.said("sampled", "ad_cost_by_day") == {}
    (true,) = [row for row in well.of("period_metrics") if row["report"] == "site" and row["grain"] == "month"]
    assert int(month["metrics"]["sessions"]) == pytest.approx(int(true["metrics"]["sessions"]), rel=0.15)


def test_thresholds_are_told_on_every_day_of_the_reports_they_touch(analytics: Running) -> None:
    loaded = pulled(analytics, threshold_users=3)
    for table in ("traffic_by_day", "transactions_by_day", "items_by_product"):
        assert loaded.said("thresholded", table) == {("", day): "" for day in days()}
    for table in ("period_metrics", "items_by_day", "ad_cost_by_day"):
        assert loaded.said("thresholded", table) == {}
    assert [one for one in loaded.plan.warnings if "traffic_by_day" in one] == [
        f"google_analytics traffic_by_day of property {one}: rows of few users are withheld." for one in (SHOP, BLOG)
    ]


def test_other_rows_are_told_on_the_days_that_have_one_with_their_share(analytics: Running, world: World) -> None:
    loaded = pulled(analytics, other_row_after=8)
    most = kept(world, 8)
    sessions: defaultdict[date, dict[int, tuple[str, ...]]] = defaultdict(dict)
    lumped = {day for day, _, visit in hits(world) if channel(visit) not in most[day]}
    for day, _, visit in hits(world):
        if visit:
            sessions[day][visit.visit_id] = channel(visit)
    expected = {}
    for day in lumped:
        lost = sum(one not in most[day] for one in sessions[day].values())
        expected["", day] = f"{100 * lost / len(sessions[day]):.1f} % of sessions"
    assert loaded.said("other_row", "traffic_by_day") == expected
    assert loaded.said("other_row", "items_by_day") == {}


def test_a_loss_behind_a_filter_is_told_of_the_periods_and_names_the_reports(analytics: Running) -> None:
    loaded = pulled(analytics, other_row_after=3)
    found = loaded.said("other_row", "period_metrics")
    assert found["month", date(2026, 3, 1)] == f"in landing:not_set, {GOOGLE}"
    assert ("week", date(2026, 3, 9)) in found
    assert {day for grain, day in found if grain == "day"} == days()
    assert loaded.said("other_row", "items_by_day") == {}


def test_cut_off_days_and_the_periods_that_hold_them_are_told(analytics: Running) -> None:
    loaded = pulled(analytics, retained_from="2026-03-05")
    why = "Data before 2026-03-05 is not available."
    for table in DATED:
        assert loaded.said("truncated", table) == {("", day): why for day in days(1, 4)}
    assert loaded.said("truncated", "period_metrics") == {
        **{("day", day): why for day in days(1, 4)},
        ("week", date(2026, 2, 23)): why,
        ("week", date(2026, 3, 2)): why,
        ("month", date(2026, 3, 1)): why,
        ("quarter", date(2026, 1, 1)): why,
        ("year", date(2026, 1, 1)): why,
    }


def test_totals_hold_while_segments_depart_by_what_was_withheld(analytics: Running, world: World, well: Loaded) -> None:
    loaded = pulled(analytics, other_row_after=6, threshold_users=3)
    assert loaded.rows["items_by_day"] == well.rows["items_by_day"]
    by_report = [
        {row["report"]: row["metrics"] for row in one.rows["period_metrics"] if row["grain"] == "month"}
        for one in (loaded, well)
    ]
    assert by_report[0]["site"] == by_report[1]["site"]
    told = sum(int(row["sessions"]) for row in loaded.of("traffic_by_day"))
    assert told == _told(world, 6, 3)
    total = sum(
        int(row["metrics"]["sessions"])
        for row in loaded.of("period_metrics")
        if row["report"] == "site" and row["grain"] == "day"
    )
    assert total == len({(day, visit.visit_id) for day, _, visit in hits(world) if visit})
    assert 0 < told < total


def _told(world: World, most: int, users: int) -> int:
    """Sessions in the rows of a day's channels, rare ones lumped, that have enough users."""
    top = kept(world, most)
    sessions: defaultdict[tuple[date, tuple[str, ...]], set[int]] = defaultdict(set)
    cookies: defaultdict[tuple[date, tuple[str, ...]], set[str | None]] = defaultdict(set)
    for day, hit, visit in hits(world):
        row = (day, channel(visit) if channel(visit) in top[day] else ("(other)",))
        cookies[row].add(hit.cookie_id)
        if visit:
            sessions[row].add(visit.visit_id)
    return sum(len(sessions[row]) for row, who in cookies.items() if len(who) >= users)


# --- quota -----------------------------------------------------------------------------------------------------------


def test_the_quota_says_what_the_load_used_and_what_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(world, NOW) as fresh:
        monkeypatch.setenv("SOURCES__GOOGLE_ANALYTICS__BASE_URL", f"grpc://{fresh.grpc_address}")
        quota = pulled(fresh).plan.quota
        again = pulled(fresh).plan.quota
    # Of the shop five reports of the days, and seven per period: a request by day, and three for six weeks, a month, a
    # quarter and a year, of which the one with 130 days takes two tokens; two reports have two filters, a token more.
    used = 5 + 7 * (1 + 1 + 2 + 1) + 2 * 4
    assert quota[f"tokens per day, property {SHOP}"] == f"{used} used by this load, {200_000 - used:,} left"
    assert quota[f"tokens per hour, property {SHOP}"] == f"{used} used by this load, {40_000 - used:,} left"
    assert quota[f"tokens per project and hour, property {SHOP}"] == f"{used} used by this load, {14_000 - used:,} left"
    assert quota[f"thresholded requests per hour, property {SHOP}"] == "120 left"
    assert quota[f"server errors per project and hour, property {SHOP}"] == "10 left"
    assert quota[f"tokens per day, property {BLOG}"] == "10 used by this load, 199,990 left"
    assert again[f"tokens per day, property {SHOP}"] == f"{used} used by this load, {200_000 - 2 * used:,} left"


def test_a_spent_quota_ends_the_load_in_the_vendors_words(analytics: Running, tmp_path: Path) -> None:
    analytics.quality(tokens_per_day=20)
    asked = Asked(THROUGH, NOW, PARIS, FIRST_DAY)
    with pytest.raises(QuotaExhausted, match=r"Exhausted property tokens per day.*under 24 hours"):
        load_whole(CONNECTOR, OPTIONS, tmp_path / "warehouse.duckdb", tmp_path / "state", asked)


# --- the whole product -----------------------------------------------------------------------------------------------

ASKED = Refresh(NOW, THROUGH)
KPIS = {
    "unique_visitors", "visitors_from_google", "visitors_from_facebook", "avg_session_duration", "bounce_rate",
    "capture_page_conversion_rate", "product_conversion_rate", "cart_abandonment_rate",
}  # fmt: skip
# Five standard errors; a ratio of two estimates has those of both.
OFF = {
    "unique_visitors": 0.04,
    "visitors_from_google": 0.04,
    "visitors_from_facebook": 0.04,
    "avg_session_duration": 0.08,
}


def refreshed(sandbox: Running, folder: Path, **switches: Any) -> tuple[Settings, Places]:
    """The demo's Google Analytics alone, through the real flow."""
    text = (PROJECT / "examples" / "demo" / "parcours.toml").read_text()
    sections = re.split(r"(?m)^(?=\[+sources\.)", re.sub(r"(?m)^orders_from = .*\n", "", text))
    kept = [one for one in sections if re.match(r"\[sources\.google_analytics[\].]", one)]
    (folder / "parcours.toml").write_text(sections[0] + "".join(kept))
    settings = read_settings(folder / "parcours.toml", history_start=FIRST_DAY)
    places = Places(folder / "data")
    sandbox.quality(**switches)
    outcome = run_refresh(settings, places, ASKED.through, ASKED.as_of, [], print)
    assert outcome.exit_code == 0, outcome
    return settings, places


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_noisy_property_gives_every_kpi_within_its_error(analytics: Running, world: World, tmp_path: Path) -> None:
    settings, places = refreshed(analytics, tmp_path, noise=True)
    published = published_values(places.marts)
    off = {}
    for key, expected in _truth(world, settings).items():
        if key.kpi_id in KPIS:
            value = published[key]
            assert (value is None) == (expected.value is None), key
            off[key] = abs((value or 0) - float(expected.value or 0))
            # of a small count one more or less is no error
            allowed = OFF.get(key.kpi_id, 0.08) * max(1, float(expected.value or 0)) + (key.kpi_id in OFF)
            assert off[key] <= allowed, (key, value, expected.value)
    assert off["unique_visitors", "month", FIRST_DAY] > 0
    assert off["product_conversion_rate", "month", FIRST_DAY] == 0  # of units, which are summed


def _truth(world: World, settings: Settings) -> Any:
    return truth(replace(world, rates=[]), [ASKED], business(settings))


@pytest.mark.usefixtures("prefect_server")
def test_segments_that_depart_leave_the_kpis_as_they_are(analytics: Running, world: World, tmp_path: Path) -> None:
    settings, places = refreshed(analytics, tmp_path, threshold_users=3, other_row_after=14)
    differences, compared = compare(published_values(places.marts), _truth(world, settings), KPIS)
    assert not differences, summary(differences)
    assert compared["unique_visitors", "day"] == 31
    with duckdb.connect(str(places.warehouse), read_only=True) as warehouse:
        rows = warehouse.execute(
            "select table_name, metric, first_day, last_day, total, dimensional_sum, gap "
            "from intermediate.int_dimensional_gaps where account_id = ?",
            [SHOP],
        ).fetchall()
    found = {(table, metric): tuple(values) for table, metric, *values in rows}
    total = len({(day, visit.visit_id) for day, _, visit in hits(world) if visit})
    told = _told(world, 14, 3)
    assert found["traffic_by_day", "sessions"] == (FIRST_DAY, THROUGH, total, told, told - total)
    bought = sum(hit.quantity for _, hit, _ in hits(world) if hit.name == "purchase")
    assert found["items_by_product", "items_purchased"][2] == bought
    assert found["items_by_product", "items_purchased"][4] < 0
    orders = {hit.transaction_id for _, hit, _ in hits(world) if hit.transaction_id}
    # nobody shares a transaction, so each row of one has a single user; on days of several, (other) may have three
    assert found["transactions_by_day", "purchases"][2] == len(orders)
    assert found["transactions_by_day", "purchases"][4] < 0
