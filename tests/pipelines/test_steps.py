"""A first load goes on from what it has, however little a vendor gives at once, to what one load would leave."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.extract.resource import DltResource

from pipelines import deadline
from pipelines.connector import Connector, Options, Plan, Pull, QuotaExhausted, Scope, Table, columns
from pipelines.load import LoadResult, load
from pipelines.plan import FIRST_STEP_DAYS, Asked, plan_load, steps
from pipelines.registry import CONNECTORS
from sandbox.server import running
from tests.adversary import worlds
from tests.adversary.stored import stored
from tests.aiming import aim

PARIS = ZoneInfo("Europe/Paris")
BEGIN, TODAY = date(2024, 1, 1), date(2026, 1, 10)
TABLES = {
    # what cannot be asked until a day
    "people": Table(columns("id"), ("id",), "entities", 5),
    # days of a report
    "visits": Table(
        columns("site", "count", day=pa.date32()), ("site", "day"), "slices", 5, slice_by=("site", "day"), in_steps=True
    ),
    # listed by the time of their change
    "orders": Table(
        columns("id", "placed_at"),
        ("id",),
        "entities",
        5,
        dated_by=("placed_at",),
        listed_by="placed_at",
        in_steps=True,
    ),
}
SCOPES = {"people": [""], "visits": ["a", "b"], "orders": [""]}


def moments(until: date) -> Iterator[datetime]:
    """One order every ten days, at midnight in Paris, where a day begins."""
    day = BEGIN
    while day <= until:
        yield datetime.combine(day, time(), PARIS).astimezone(UTC)
        day += timedelta(days=10)


@dataclass
class Stall:
    """A vendor that answers so many calls a day, a call being a month of a table, and a warehouse."""

    folder: Path
    calls: int = 10_000
    asked: list[str] = field(default_factory=list)
    dies_at: str = ""

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def connector(self) -> Connector:
        @dlt.source(name="stall", section="stall", max_table_nesting=0)
        def stall(_options: Options, plan: Plan) -> list[DltResource]:
            return [dlt.resource(self.shown(name, plan), name=name) for name in TABLES]

        def scopes(_options: Options, table: str) -> list[Scope]:
            return [Scope(one) for one in SCOPES[table]]

        return Connector("stall", "Stall", TABLES, Options, stall, scopes, lambda _: [])

    def shown(self, name: str, plan: Plan) -> Iterator[dict[str, Any]]:
        """What the vendor answers now."""
        for pull in plan.of(name):
            if name == "people":
                self.call(name)
                yield from ({"id": str(n)} for n in range(3))
            elif name == "visits":
                for number, day in enumerate(pull.days()):
                    if number % 30 == 0:
                        self.call(f"{name} {day}")
                    yield {"site": pull.account_id, "day": day, "count": str(day.toordinal())}
            else:
                yield from self.orders(pull, plan)

    def orders(self, pull: Pull, plan: Plan) -> Iterator[dict[str, Any]]:
        since, until = plan.since("orders"), plan.until("orders") or plan.as_of
        for number, at in enumerate(moments(TODAY)):
            if since <= at < until:
                if number % 3 == 0:
                    self.call(f"orders {at}")
                yield {"id": str(number), "placed_at": f"{at}"}

    def call(self, what: str) -> None:
        if self.dies_at and what >= self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if len(self.asked) >= self.calls:
            raise QuotaExhausted("Stall gives nothing more today. Refresh again tomorrow.")
        self.asked.append(what)

    def load(self, through: date = TODAY) -> LoadResult:
        self.asked.clear()
        as_of = datetime.combine(through + timedelta(days=1), time(8), UTC)
        asked = Asked(through, as_of, PARIS, BEGIN, 0)
        return load(self.connector(), Options(), self.warehouse, self.folder / "dlt", asked)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(query).fetchall()

    def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        return {
            name: self.rows(f"select {', '.join(table.columns.names)} from raw_stall.{name} order by all")
            for name, table in TABLES.items()
        }

    def loaded(self) -> dict[str, tuple[date, date]]:
        return {
            name: (first, last)
            for name, first, last in self.rows(
                "select table_name, min(first_day), max(last_day) from raw_parcours.loads group by 1"
            )
        }


@pytest.fixture
def stall(tmp_path: Path) -> Stall:
    return Stall(tmp_path / "stall")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    """What a vendor without limits leaves."""
    one = Stall(tmp_path_factory.mktemp("right"))
    result = one.load()
    assert not result.refused
    assert result.rows == {"people": 3, "visits": 2 * 741, "orders": 75}
    return one.stored()


def test_a_long_history_is_cut_into_growing_steps_without_a_gap(stall: Stall) -> None:
    asked = Asked(TODAY, datetime.combine(TODAY, time(8), UTC), PARIS, BEGIN, 0)
    found = steps(stall.connector(), plan_load(stall.connector(), Options(), stall.warehouse, asked))
    assert [one.table for one in found[0].pulls] == ["people", "visits", "visits", "orders"]
    assert all({one.table for one in step.pulls} == {"visits", "orders"} for step in found[1:])
    for table in ("visits", "orders"):
        ranges = [(one.of(table)[0].first_day, one.of(table)[0].last_day) for one in found]
        assert ranges[0] == (BEGIN, BEGIN + timedelta(days=FIRST_STEP_DAYS - 1))
        assert ranges[-1][1] == TODAY
        assert all(begins == ended + timedelta(days=1) for (_, ended), (begins, _) in pairwise(ranges))
    assert [step.until("orders") is None for step in found] == [False, False, True]


def test_a_quota_that_ends_a_first_load_costs_one_step_and_the_next_load_goes_on(
    stall: Stall, right: dict[str, list[tuple[Any, ...]]]
) -> None:
    stall.calls = 20
    through, ends = TODAY - timedelta(days=6), []
    for number in range(7):
        result = stall.load(through + timedelta(days=number))
        ends.append(stall.loaded()["visits"][1])
        if not result.refused:
            break
        assert isinstance(result.refused[0], QuotaExhausted)
        assert any("next refresh" in one or "could not be read" in one for one in result.warnings)
    assert len(ends) > 2
    assert ends == sorted(set(ends)), "a load brought nothing new"
    assert stall.load().refused == []
    assert stall.stored() == right
    assert stall.loaded() == dict.fromkeys(TABLES, (BEGIN, TODAY))


def test_tables_that_were_read_before_the_quota_ended_are_loaded(stall: Stall) -> None:
    stall.calls = 1
    result = stall.load()
    assert result.rows["people"] == 3
    assert len(result.refused) == 1
    assert set(stall.loaded()) == {"people"}
    assert [
        name for name in ("visits of a", "visits of b", "orders: not asked") if name not in "\n".join(result.warnings)
    ] == []
    assert stall.asked == ["people"], "more was asked of a vendor that gives nothing"


def test_a_quota_that_gives_nothing_at_all_fails(stall: Stall) -> None:
    stall.calls = 0
    with pytest.raises(QuotaExhausted):
        stall.load()
    assert stall.loaded() == {}


def test_a_budget_that_is_spent_keeps_the_steps_before(
    stall: Stall, right: dict[str, list[tuple[Any, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = stall.call

    def give_up(what: str) -> None:
        call(what)
        if what > "visits 2024-06":
            own.given_up.set()

    monkeypatch.setattr(stall, "call", give_up)
    with deadline.budget("stall", 600) as own:
        result = stall.load()
    assert [type(one).__name__ for one in result.refused] == ["BudgetSpent"]
    assert stall.loaded()["visits"] == (BEGIN, BEGIN + timedelta(days=FIRST_STEP_DAYS - 1))
    monkeypatch.undo()
    assert stall.load().refused == []
    assert stall.stored() == right


def test_a_kill_keeps_the_steps_before(stall: Stall, right: dict[str, list[tuple[Any, ...]]]) -> None:
    script = (
        "import sys, pathlib; from tests.pipelines.test_steps import Stall; "
        "Stall(pathlib.Path(sys.argv[1]), dies_at='visits 2024-06').load()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(stall.folder)], check=False, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert stall.loaded()["visits"] == (BEGIN, BEGIN + timedelta(days=FIRST_STEP_DAYS - 1))
    stall.load()
    assert not any(one < "visits 2024-03" for one in stall.asked if one.startswith("visits")), stall.asked
    assert stall.stored() == right


STEPPED = [name for name, one in CONNECTORS.items() if any(table.in_steps for table in one.tables.values())]


@pytest.mark.parametrize("source", STEPPED)
def test_what_a_vendor_gives_in_steps_is_what_it_gives_at_once(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = worlds.business(source)
    settings, evening = worlds.read(source), worlds.evening(worlds.DAYS[0])
    asked = settings.business.asked(worlds.DAYS[0] - timedelta(days=1), evening)
    connector = CONNECTORS[source]
    found = []
    with running(world, evening) as vendors:
        aim(vendors, monkeypatch)
        for days in (1000, 2):
            folder = tmp_path / str(days)
            monkeypatch.setattr("pipelines.plan.FIRST_STEP_DAYS", days)
            count = len(steps(connector, plan_load(connector, settings.sources[source], folder, asked)))
            assert count == 1 if days == 1000 else count > 1
            load(connector, settings.sources[source], folder / "warehouse.duckdb", folder / "dlt", asked)
            found.append(stored(folder / "warehouse.duckdb", connector, evening))
    at_once, in_steps = found
    assert in_steps.rows == at_once.rows
    assert in_steps.told == at_once.told
