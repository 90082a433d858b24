"""Read a range of days of one source again, in steps: a run that was stopped goes on where it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flows.definition import definition
from flows.places import Places
from pipelines import load_log
from pipelines.connector import ConnectorError
from pipelines.load import LoadResult, run_plan
from pipelines.plan import Asked, plan_backfill
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings

STEP_DAYS = 30  # what is lost when a step fails, and what a vendor gives at once without complaint


@dataclass(frozen=True)
class Backfill:
    """The days of a source that are read again."""

    source: str
    first_day: date
    last_day: date


class NoBackfill(ConnectorError):
    """The range cannot be read again; the message says which can."""


@dataclass(frozen=True)
class Loaded:
    """How far the warehouse is: the last business day loaded, and the instant of the last refresh."""

    through: date
    as_of: datetime


def check(backfill: Backfill, settings: Settings, places: Places) -> Loaded:
    """How far the warehouse is; refuses a range outside of it, and a source of which nothing can be asked again."""
    loaded = _loaded(places)
    if all(table.kind == "snapshots" for table in CONNECTORS[backfill.source].tables.values()):
        raise NoBackfill(f"{backfill.source} holds captures only, which cannot be asked again.")
    first_day = settings.business.history_start
    if not first_day <= backfill.first_day <= backfill.last_day <= loaded.through:
        raise NoBackfill(
            f"--from and --to must lie between {first_day} (history_start) and {loaded.through} (last loaded)."
        )
    return loaded


def _loaded(places: Places) -> Loaded:
    if places.warehouse.exists():
        with load_log.connect(places.warehouse) as connection:
            found = connection.execute("select max(through), max(as_of) from raw_parcours.refreshes").fetchone()
        if found and found[0]:
            return Loaded(*found)
    raise NoBackfill("Nothing is loaded yet; the first refresh loads all history: parcours refresh")


def steps(backfill: Backfill) -> Iterator[tuple[date, date]]:
    """The range cut into steps, the oldest first."""
    first = backfill.first_day
    while first <= backfill.last_day:
        last = min(first + timedelta(days=STEP_DAYS - 1), backfill.last_day)
        yield first, last
        first = last + timedelta(days=1)


def load(backfill: Backfill, settings: Settings, places: Places, asked: Asked) -> LoadResult:
    """Load the steps that are not done yet, and note each as it is done."""
    connector, options = CONNECTORS[backfill.source], settings.sources[backfill.source]
    defined = definition(settings)
    done = _done_through(backfill, places, defined)
    whole = LoadResult(backfill.source)
    for first, last in steps(backfill):
        if done and last <= done:
            continue
        # what is no dated report cannot be asked by steps: the first one reads it all
        is_first = first == backfill.first_day
        plan = plan_backfill(connector, options, places.warehouse, asked, first, last, only_dated=not is_first)
        if plan.pulls:
            step = run_plan(connector, options, places.warehouse, places.state, plan)
            whole.add(step)
            if step.refused:
                return whole  # the same command asks for this step again
        _note(backfill, places, last, defined)
    _forget(backfill, places)
    return whole


def _done_through(backfill: Backfill, places: Places, defined: str) -> date | None:
    """How far a stopped run had come by the same settings."""
    with load_log.connect(places.warehouse) as connection:
        found = connection.execute(
            "select max(done_through) from raw_parcours.backfills where source = ? and first_day = ? and last_day = ? "
            "and definition = ?",
            [backfill.source, backfill.first_day, backfill.last_day, defined],
        ).fetchone()
    return found[0] if found else None


def _note(backfill: Backfill, places: Places, day: date, defined: str) -> None:
    with load_log.connect(places.warehouse) as connection:
        connection.execute(
            "insert into raw_parcours.backfills values (?, ?, ?, ?, ?)",
            [backfill.source, backfill.first_day, backfill.last_day, day, defined],
        )


def _forget(backfill: Backfill, places: Places) -> None:
    """Done: the same command starts anew."""
    with load_log.connect(places.warehouse) as connection:
        connection.execute(
            "delete from raw_parcours.backfills where source = ? and first_day = ? and last_day = ?",
            [backfill.source, backfill.first_day, backfill.last_day],
        )
