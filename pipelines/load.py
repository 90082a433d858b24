"""Load one vendor into the warehouse: the only place where a dlt pipeline is created and run."""

import logging
import shutil
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import dlt
import duckdb
from dlt.extract.resource import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from pipelines import credentials, deadline, forgotten, load_log, parts
from pipelines.connector import AccessRefused, BudgetSpent, Connector, ConnectorError, Options, Plan
from pipelines.counts import rows_of
from pipelines.destination import Warehouse
from pipelines.listing import ListingRefused
from pipelines.opening import opened
from pipelines.plan import Asked, plan_load, steps
from pipelines.reading import Reading, is_marked, with_marker
from pipelines.sql import seen_as

log = logging.getLogger(__name__)


@dataclass
class LoadResult:
    """What one load did; `rows` counts what the vendor gave, per table."""

    source: str
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    quota: dict[str, str] = field(default_factory=dict)
    refused: list[ConnectorError] = field(default_factory=list)  # why parts of it stay as they were

    def add(self, step: "LoadResult") -> None:
        """What another step of the same load did."""
        self.rows = {name: self.rows.get(name, 0) + count for name, count in step.rows.items()}
        self.seconds += step.seconds
        self.warnings += step.warnings
        self.quota |= step.quota
        self.refused += step.refused


def load(connector: Connector, options: Options, warehouse: Path, state: Path, asked: Asked) -> LoadResult:
    """Pull one vendor into `raw_<vendor>` and write the load log.

    Idempotent: the same call again leaves the same tables, also after a kill at any moment, since every table is
    merged on its key and the log is written last. `state` holds dlt's working directories. A deep re-read that the
    vendor does not bear costs no new days: the usual ones are then asked alone, and the next load is deep again.
    A long history is read in steps, each of which is loaded before the next is asked for: what ends a load in between,
    a kill or a spent quota, costs one step, and the next load goes on from there.
    """
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    with opened(warehouse):  # held open: a load opens it some ten times, each of which costs then nothing
        expiring = credentials.watched(connector, options, warehouse, asked)
        result = _load(connector, options, warehouse, state, asked)
    result.warnings += expiring
    return result


def _load(connector: Connector, options: Options, warehouse: Path, state: Path, asked: Asked) -> LoadResult:
    plan = plan_load(connector, options, warehouse, asked)
    try:
        return _in_steps(connector, options, warehouse, state, plan)
    except (AccessRefused, BudgetSpent):
        raise
    except Exception as error:
        if plan.kind != "deep":
            raise
        plan = plan_load(connector, options, warehouse, asked, deep=False)
        said = error if isinstance(error, ConnectorError) else type(error).__name__
        plan.warn(f"{connector.name}: the deep re-read failed and is tried again next time: {said}")
        return _in_steps(connector, options, warehouse, state, plan)


def _in_steps(connector: Connector, options: Options, warehouse: Path, state: Path, plan: Plan) -> LoadResult:
    """Each step of a plan, the oldest first, without what an earlier one could not read."""
    whole = LoadResult(connector.name)
    failed: set[tuple[str, str, str]] = set()
    for step in steps(connector, plan):
        left = tuple(pull for pull in step.pulls if pull.key not in failed)
        if step.pulls and not left:
            continue
        step.pulls = left
        try:
            done, result = _looked_twice(connector, options, warehouse, state, step)
        except parts.ENDS_ALL as error:
            if not whole.rows:
                raise
            whole.refused.append(error)
            since = min(pull.first_day for pull in step.pulls)
            whole.warnings.append(f"{connector.name}: what is from {since} on is left to the next refresh: {error}")
            break
        whole.add(result)
        if done.ended_by:
            break
        failed |= {pull.key for pull in done.pulls if done.has_failed(pull)}
    return whole


def _looked_twice(
    connector: Connector, options: Options, warehouse: Path, state: Path, plan: Plan
) -> tuple[Plan, LoadResult]:
    """A listing that contradicts itself is read once more, since lists move while they are read."""
    again = deepcopy(plan)
    try:
        return plan, run_plan(connector, options, warehouse, state, plan)
    except ListingRefused as error:
        log.warning("%s Reading it once more.", error)
        again.is_last_look = True
        return again, run_plan(connector, options, warehouse, state, again)


def run_plan(connector: Connector, options: Options, warehouse: Path, state: Path, plan: Plan) -> LoadResult:
    """Do what a plan says, and log it."""
    started = monotonic()
    counts: Counter[tuple[str, ...]] = Counter()
    source = connector.source(options, plan)
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    with load_log.connect(warehouse) as connection:
        with deadline.writing():
            add_tables(connection, connector)
            load_log.begin(connection, connector.name)
        known = forgotten.tombstones(connection)
        readings = [
            Reading(connector.name, name, table, source.resources.get(name), plan, counts, connection, known)
            for name, table in connector.tables.items()
        ]
        pipeline = None
        if _is_changed(readings):
            pipeline = _extracted(connector, [reading.resource() for reading in readings], warehouse, state)
        parts.check(plan)
        with deadline.writing():
            if pipeline:
                _write(pipeline)
            rows = {pull: rows_of(pull, connector.tables[pull.table], counts) for pull in plan.pulls}
            load_log.record(connection, connector, plan, rows)
    by_table = {name: sum(n for key, n in counts.items() if key[0] == name) for name in connector.tables}
    return LoadResult(connector.name, by_table, monotonic() - started, plan.warnings, plan.quota, plan.refused)


def create_empty(connector: Connector, warehouse: Path) -> None:
    """A source's raw tables, without rows where they do not exist yet, so that all models build without it."""
    with load_log.connect(warehouse) as connection:
        add_tables(connection, connector)


def add_tables(connection: duckdb.DuckDBPyConnection, connector: Connector) -> None:
    """The raw tables that a source lacks, and the declared columns that those of before lack."""
    schema = f"raw_{connector.name}"
    connection.execute(f"create schema if not exists {schema}")
    known = _columns_of(connection, schema)
    for name, table in connector.tables.items():
        empty = table.columns.empty_table()
        empty = with_marker(empty, False) if is_marked(table) else empty
        lacking = [column for column in empty.column_names if column.lower() not in known.get(name, ())]
        if not lacking:
            continue
        with seen_as(connection, empty=empty):
            if name in known:
                _add_columns(connection, f"{schema}.{name}", lacking)
            else:
                connection.execute(f"create table {schema}.{name} as from empty")


def _columns_of(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, set[str]]:
    """The tables that a schema has, and the columns of each in lower case: DuckDB's names know no case."""
    found = connection.execute(
        "select table_name, list(lower(column_name)) from duckdb_columns() where schema_name = ? group by table_name",
        [schema],
    ).fetchall()
    return {name: set(columns) for name, columns in found}


def _add_columns(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> None:
    """Columns of `empty` that a table lacks; its rows hold null in them."""
    kinds = dict(connection.execute("select column_name, column_type from (describe empty)").fetchall())
    for column in columns:
        connection.execute(f'alter table {table} add column "{column}" {kinds[column]}')


def _is_changed(readings: list[Reading]) -> bool:
    """Whether anything is to be written; where not, dlt has nothing to do, which would take it longer than reading."""
    for reading in readings:
        try:
            if reading.has_changes():
                return True
        except Exception as error:  # noqa: BLE001  raised again by the name of its table
            raise parts.cause(error, reading.source, reading.name) from None
    return False


def _extracted(connector: Connector, resources: list[DltResource], warehouse: Path, state: Path) -> Pipeline:
    """The vendor is asked for everything before anything is written."""
    name = f"parcours_{connector.name}"
    try:
        pipeline = dlt.pipeline(
            pipeline_name=name,
            pipelines_dir=str(state),
            destination=Warehouse(str(warehouse)),
            dataset_name=f"raw_{connector.name}",
        )
        has_pending_data = pipeline.has_pending_data
    except (ValueError, NotADirectoryError):
        raise ConnectorError(
            f"{state / name}, where dlt works, is damaged: remove it and refresh again. Nothing is lost by that."
        ) from None
    # What a killed run left is asked again rather than loaded: the same range, as the vendor shows it now.
    if has_pending_data:
        pipeline.abort_packages()
        with deadline.writing():
            pipeline.load()
    try:
        pipeline.sync_destination()
        pipeline.extract(resources)
    except PipelineStepFailed as error:
        raise parts.cause(error, connector.name) from None
    return pipeline


def _write(pipeline: Pipeline) -> None:
    try:
        pipeline.normalize()
        pipeline.load()
    except PipelineStepFailed as error:
        raise parts.cause(error, pipeline.pipeline_name.removeprefix("parcours_")) from None
    # dlt keeps what it has loaded for ever; nothing reads it.
    for package in Path(pipeline.working_dir, "load", "loaded").iterdir():
        shutil.rmtree(package)
