"""What a refresh with nothing new costs: `python -m bench.refresh [months]` prints ratios to baselines of this run.

The demo's business is refreshed twice, then twice more at the same instant; the last is measured. The models' baseline
is the same statements run by DuckDB alone on a copy of the warehouse, a load's is its vendor's answers read alone, with
no warehouse. CPU seconds are those of this process, the simulated vendors run in another one.
"""

# ruff: noqa: T201 (this is a command that talks to a person)

import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
from rich.console import Console

from app.demo import last_evening, set_clock, settings_of, vendors
from flows import replay, transform
from flows.places import Places
from flows.refresh import Outcome, run_refresh
from pipelines.connector import Connector, Options
from pipelines.load import load
from pipelines.plan import Asked, plan_load
from pipelines.registry import CONNECTORS

Cost = tuple[float, float]  # CPU seconds and seconds of wall


def cost(does: Callable[[], object]) -> Cost:
    """What a call takes."""
    cpu, wall = time.process_time(), time.monotonic()
    does()
    return time.process_time() - cpu, time.monotonic() - wall


def read_alone(connector: Connector, options: Options, warehouse: Path, asked: Asked) -> None:
    """The vendor's answers, asked for as a load asks for them and put nowhere."""
    plan = plan_load(connector, options, warehouse, asked)
    source = connector.source(options, plan)
    for name in connector.tables:
        if plan.of(name):
            for _ in source.resources[name]:
                pass


def statements(places: Places, warehouse: Path) -> None:
    """What dbt ran for every layer, by DuckDB alone."""
    with duckdb.connect(str(warehouse)) as connection:
        for layer in transform.LAYERS:
            for step in replay.kept(places, layer, anew=False):
                for statement in step.statements:
                    connection.execute(statement)


def main(months: int) -> None:
    """Measure, and print each ratio beside its baseline."""
    logging.disable(logging.WARNING)  # Prefect tells of each task
    now = datetime.now(UTC).replace(microsecond=0)
    settings = settings_of(months, now)
    with tempfile.TemporaryDirectory() as folder, vendors(settings, now, Console()) as url:
        places, outcomes = Places(Path(folder) / "data"), list[Outcome]()

        def refresh(instant: datetime) -> None:
            set_clock(url, instant)
            through = settings.business.last_whole_day(instant)
            outcomes.append(run_refresh(settings, places, through, instant, [], lambda _: None))
            if outcomes[-1].exit_code:
                raise SystemExit(f"the refresh failed: {outcomes[-1]}")

        instants = (last_evening(settings, now), now, now, now)
        costs = [cost(partial(refresh, instant)) for instant in instants]
        copy = Path(folder) / places.warehouse.name  # the statements name the file
        shutil.copy(places.warehouse, copy)
        plain = cost(partial(statements, places, copy))
        asked = settings.business.asked(settings.business.last_whole_day(now), now)
        reads, loads = {}, {}
        with duckdb.connect(str(places.warehouse)):  # as in a refresh, which holds it open
            for name in settings.connected:
                connector, options = CONNECTORS[name], settings.sources[name]
                reads[name] = cost(partial(read_alone, connector, options, places.warehouse, asked))[0]
                loads[name] = cost(partial(load, connector, options, places.warehouse, places.state, asked))[0]
    for label, (cpu, wall) in zip(("first", "second", "once more", "with nothing new"), costs, strict=True):
        print(f"{label:>16}: {cpu:5.1f} CPU s, {wall:5.1f} s")
    models = sum(outcomes[-1].layers.values())
    print(f"{models / plain[1]:5.2f} × models, {models:.1f} s against {plain[1]:.1f} s of the same SQL in DuckDB alone")
    total, read = sum(loads.values()), sum(reads.values())
    print(f"{total / read:5.2f} × loads, {total:.1f} CPU s against {read:.1f} of reading the same answers alone")
    for name, cpu in loads.items():
        print(f"{cpu / reads[name]:5.2f} × {name}, {cpu:.2f} CPU s against {reads[name]:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 13)
