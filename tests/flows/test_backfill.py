"""A range of days of one source, read again: only those, in steps, and on from where a stopped run was."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.extract.resource import DltResource

from flows import backfill, business_tables
from flows.backfill import Backfill, NoBackfill
from flows.places import Places
from pipelines.connector import AccessRefused, Options, Plan, Scope, Table, columns
from pipelines.load import LoadResult, load
from pipelines.registry import CONNECTORS
from pipelines.retry import VendorBusy
from pipelines.settings import Settings, read_settings
from sandbox.events import Rate, World
from sandbox.server import Running, running

FIRST_DAY, THROUGH = date(2026, 1, 1), date(2026, 4, 10)
AS_OF = datetime(2026, 4, 10, 18, 0, tzinfo=UTC)
ASKED = Backfill("ecb", date(2026, 1, 20), date(2026, 3, 20))
STEPS = [(date(2026, 1, 20), date(2026, 2, 18)), (date(2026, 2, 19), date(2026, 3, 20))]


def rate(day: date, text: str) -> Rate:
    return Rate(day, "USD", text, datetime(day.year, day.month, day.day, 15, tzinfo=UTC))


@pytest.fixture
def world() -> World:
    days = [FIRST_DAY + timedelta(days=n) for n in range((THROUGH - FIRST_DAY).days + 1)]
    return World(FIRST_DAY, THROUGH, rates=[rate(day, "1.10") for day in days if day.weekday() < 5])


@pytest.fixture
def ecb(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(world, AS_OF) as vendors:
        monkeypatch.setenv("SOURCES__ECB__BASE_URL", f"{vendors.base_url}/ecb")
        yield vendors


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "parcours.toml"
    path.write_text(f'[business]\nname = "Ada"\nhistory_start = {FIRST_DAY}\n[sources.ecb]\n')
    return read_settings(path)


@pytest.fixture
def places(tmp_path: Path, ecb: Running, settings: Settings) -> Places:
    """A warehouse after its first load."""
    found = Places(tmp_path / "data")
    found.data.mkdir()
    asked = settings.business.asked(THROUGH, AS_OF)
    business_tables.write(found, settings, asked, "defined")
    load(CONNECTORS["ecb"], settings.sources["ecb"], found.warehouse, found.state, asked)
    return found


def again(settings: Settings, places: Places, hours: int = 1) -> LoadResult:
    asked = settings.business.asked(THROUGH, AS_OF + timedelta(hours=hours))
    return backfill.load(ASKED, settings, places, asked)


def read_again(places: Places) -> list[tuple[date, date]]:
    """The ranges of the backfill's loads, as the load log has them."""
    with duckdb.connect(str(places.warehouse), read_only=True) as warehouse:
        return warehouse.execute(
            "select first_day, last_day from raw_parcours.loads where kind = 'backfill' order by all"
        ).fetchall()


def usd(places: Places, day: date) -> str:
    with duckdb.connect(str(places.warehouse), read_only=True) as warehouse:
        ((found,),) = warehouse.execute(
            "select rate from raw_ecb.rates where date_day = ? and currency = 'USD'", [day]
        ).fetchall()
    return str(found)


def test_days_of_the_range_alone_are_read_again(world: World, settings: Settings, places: Places) -> None:
    world.rates[:] = [rate(one.date_day, "1.20") for one in world.rates]
    again(settings, places)
    assert read_again(places) == STEPS
    before, within, last, after = (date(2026, 1, 2), date(2026, 1, 21), date(2026, 3, 20), date(2026, 3, 23))
    assert [usd(places, day) for day in (before, within, last, after)] == ["1.10", "1.20", "1.20", "1.10"]
    with duckdb.connect(str(places.warehouse), read_only=True) as warehouse:
        changed = warehouse.execute(
            "select min(date_day), max(date_day), count(*) from raw_parcours.slice_changes where changed_at > ?",
            [AS_OF],
        ).fetchone()
    assert changed == (date(2026, 1, 20), date(2026, 3, 20), 44)  # working days: four, and eight weeks of five


def test_a_stopped_backfill_goes_on_where_it_was_and_a_finished_one_starts_anew(
    ecb: Running, settings: Settings, places: Places
) -> None:
    ecb.fault("/ecb/", "500", times=100, after=1)
    with pytest.raises(VendorBusy):
        again(settings, places)
    assert read_again(places) == STEPS[:1]
    ecb.sandbox.faults.clear()
    again(settings, places, hours=2)
    assert read_again(places) == STEPS
    again(settings, places, hours=3)
    assert len(read_again(places)) == 2 * len(STEPS)


def test_a_step_of_which_a_part_was_refused_is_told_and_read_again(
    settings: Settings, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses: list[str] = []

    def shown(name: str, plan: Plan) -> Iterator[dict[str, Any]]:
        if name in refuses:
            raise AccessRefused("notes may not be read")
        for pull in plan.of(name):
            yield from ({"account_id": "", "date_day": day} for day in pull.days())

    @dlt.source(name="ecb", section="ecb", max_table_nesting=0)
    def two(_options: Options, plan: Plan) -> list[DltResource]:
        return [dlt.resource(shown(name, plan), name=name) for name in tables]

    by_day = ("account_id", "date_day")
    table = Table(columns("account_id", date_day=pa.date32()), by_day, "slices", 5, by_day)
    tables = {"figures": table, "notes": table}
    connector = replace(CONNECTORS["ecb"], tables=tables, source=two, scopes=lambda *_: [Scope("")])
    monkeypatch.setitem(CONNECTORS, "ecb", connector)
    load(connector, settings.sources["ecb"], places.warehouse, places.state, settings.business.asked(THROUGH, AS_OF))
    refuses.append("notes")
    result = again(settings, places)
    assert [str(one) for one in result.refused] == ["notes may not be read"]
    assert read_again(places) == STEPS[:1]  # of the figures
    refuses.clear()
    assert again(settings, places, hours=2).refused == []
    assert read_again(places) == sorted([STEPS[0], *STEPS, *STEPS])


@pytest.mark.parametrize(
    ("first", "last"), [("2025-12-31", "2026-02-01"), ("2026-03-01", "2026-04-11"), ("2026-03-02", "2026-03-01")]
)
def test_a_range_that_is_not_loaded_is_refused(settings: Settings, places: Places, first: str, last: str) -> None:
    asked = Backfill("ecb", date.fromisoformat(first), date.fromisoformat(last))
    with pytest.raises(NoBackfill, match=r"must lie between 2026-01-01 \(history_start\) and 2026-04-10"):
        backfill.check(asked, settings, places)


def test_a_source_of_captures_alone_cannot_be_read_again(settings: Settings, places: Places) -> None:
    asked = Backfill("rewardful", date(2026, 2, 1), date(2026, 2, 2))
    with pytest.raises(NoBackfill, match="rewardful holds captures only"):
        backfill.check(asked, settings, places)


def test_before_the_first_refresh_there_is_nothing_to_read_again(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NoBackfill, match="Nothing is loaded yet"):
        backfill.check(ASKED, settings, Places(tmp_path / "none"))
