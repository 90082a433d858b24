"""An account's own days and money: a day is complete when it is over there; a change there holds from its day on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows.places import Places
from flows.refresh import run_refresh
from pipelines.accounts import over_through
from pipelines.connector import Plan, Pull
from pipelines.settings import read_settings
from sandbox.events import Property, World
from tests.pipelines.test_google_analytics import PARIS, VENDOR, counted, hit, rows, visit

FIRST_DAY = date(2026, 3, 1)
LOS_ANGELES = "America/Los_Angeles"
SHOP = Property("1", "Shop", LOS_ANGELES, "EUR", is_primary=True)
BLOG = Property("2", "Blog", "Europe/Paris", "USD", is_primary=False)


def early(day: int) -> datetime:
    """04:30 in Paris, 20:30 of the day before in Los Angeles."""
    return datetime(2026, 3, day, 3, 30, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    """On the 10th in Los Angeles three people come before 20:30 there, and three after."""
    moments = [early(11) + timedelta(hours=offset) for offset in (-6, -5, -4, 1, 2, 3)]
    visits = [replace(visit(n, f"c{n}", "google", 10), started_at=at) for n, at in enumerate(moments, 1)]
    hits = [replace(hit(n, n, f"c{n}", "page_view", at), shown_at=at) for n, at in enumerate(moments, 1)]
    return World(FIRST_DAY, date(2026, 3, 31), properties=[SHOP, BLOG], visits=visits, hits=hits)


def refreshed(world: World, folder: Path, day: int) -> None:
    """The morning of a day, through the day before."""
    with VENDOR.served(world, early(day)):
        VENDOR.pull(folder, early(day), audiences=[])


def loaded_through(folder: Path, account: str) -> date:
    found = rows(
        folder,
        "select min(last_day) from (select max(last_day) as last_day from raw_parcours.loads "
        f"where account_id = '{account}' and table_name in ('period_metrics', 'traffic_by_day') group by table_name)",
    )
    day: date = found[0][0]
    return day


def told(folder: Path, account: str, table: str) -> list[tuple[str, str, int | None]]:
    return rows(
        folder,
        "select caveat, detail, day(date_day) from raw_parcours.caveats "
        f"where account_id = '{account}' and table_name = '{table}' "
        "and caveat in ('account_zone', 'account_currency', 'series_break') order by date_day nulls first, caveat",
    )


def test_a_day_is_complete_when_it_is_over_at_the_account(world: World, tmp_path: Path) -> None:
    refreshed(world, tmp_path, 11)
    assert counted(tmp_path, "site", "day", "totalUsers")[date(2026, 3, 10)] == 3
    assert (loaded_through(tmp_path, "1"), loaded_through(tmp_path, "2")) == (date(2026, 3, 9), date(2026, 3, 10))
    refreshed(world, tmp_path, 12)
    assert counted(tmp_path, "site", "day", "totalUsers")[date(2026, 3, 10)] == 6
    assert (loaded_through(tmp_path, "1"), loaded_through(tmp_path, "2")) == (date(2026, 3, 10), date(2026, 3, 11))


def test_a_zone_that_changed_holds_from_its_day_on(world: World, tmp_path: Path) -> None:
    refreshed(world, tmp_path, 5)
    assert told(tmp_path, "1", "traffic_by_day") == [("account_zone", LOS_ANGELES, None)]
    moved = replace(world, properties=[replace(SHOP, time_zone="Europe/Paris"), replace(BLOG, time_zone="Asia/Tokyo")])
    for day in (6, 7):  # the second refresh leaves what the first said
        refreshed(moved, tmp_path, day)
        # the 4th still ran in Los Angeles when the zone was last seen
        assert told(tmp_path, "1", "traffic_by_day") == [
            *(("account_zone", LOS_ANGELES, one) for one in (1, 2, 3)),
            ("series_break", f"time zone: {LOS_ANGELES} until then, Europe/Paris since", 4),
        ]
        assert told(tmp_path, "2", "traffic_by_day") == [
            ("account_zone", "Asia/Tokyo", 5),
            ("series_break", "time zone: Europe/Paris until then, Asia/Tokyo since", 5),
            *(("account_zone", "Asia/Tokyo", one) for one in range(6, day)),
        ]


def test_a_currency_that_changed_holds_from_its_day_on(world: World, tmp_path: Path) -> None:
    refreshed(world, tmp_path, 5)
    refreshed(replace(world, properties=[SHOP, replace(BLOG, currency="CHF")]), tmp_path, 7)
    assert told(tmp_path, "2", "ad_cost_by_day") == [
        *(("account_currency", "USD", one) for one in (1, 2, 3, 4)),
        ("account_currency", "CHF", 5),
        ("series_break", "currency: USD until then, CHF since", 5),
        ("account_currency", "CHF", 6),
    ]


@pytest.mark.parametrize(
    ("zone", "hour", "last"),
    [
        ("Europe/Paris", 3, 10),
        (LOS_ANGELES, 3, 9),
        (LOS_ANGELES, 6, 9),  # summer time there: midnight is 07:00 UTC
        (LOS_ANGELES, 7, 10),
        ("Pacific/Kiritimati", 3, 10),
        ("a zone of no known name", 11, 9),
        ("a zone of no known name", 12, 10),
    ],
)
def test_the_last_day_that_is_over_in_a_zone(zone: str, hour: int, last: int) -> None:
    asked = Pull("report", "1", FIRST_DAY, date(2026, 3, 10))
    plan = Plan(datetime(2026, 3, 11, hour, tzinfo=UTC), asked.last_day, PARIS, (asked,))
    plan.account_zone("report", "1", zone)
    assert over_through(plan, asked) == date(2026, 3, last)


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_running_day_is_not_complete_in_what_is_published(world: World, tmp_path: Path) -> None:
    (tmp_path / "parcours.toml").write_text(
        '[business]\nname = "Shop"\nhistory_start = 2026-03-01\n[sources.google_analytics]\nproperties = ["1", "2"]\n'
        'primary = "1"\nsource_groups = {google = "google"}\n'
    )
    settings, places = read_settings(tmp_path / "parcours.toml"), Places(tmp_path / "data")
    found = []
    for day in (11, 12):
        with VENDOR.served(world, early(day)):
            outcome = run_refresh(settings, places, date(2026, 3, day - 1), early(day), [], print)
        assert outcome.exit_code == 0, outcome
        with duckdb.connect(str(places.marts), read_only=True) as marts:
            found += marts.execute(
                "select value, is_complete from kpi_values where kpi_id = 'unique_visitors' and grain = 'day' "
                "and period_start = date '2026-03-10'"
            ).fetchall()
    assert found == [(3, False), (6, True)]
