"""Load one vendor into the warehouse: the only place where a dlt pipeline is created and run."""

import logging
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from dlt.common.schema.typing import TWriteDispositionConfig
from dlt.extract.resource import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from pipelines import credentials, deadline, deletions, load_log, parts
from pipelines.connector import AccessRefused, BudgetSpent, Connector, ConnectorError, Options, Plan, Table
from pipelines.counts import count, rows_of
from pipelines.destination import Warehouse
from pipelines.listing import ListingRefused
from pipelines.plan import Asked, plan_load, steps
from pipelines.rows import MARKER, batches

# The one strategy that stays exact when a run is killed between the copy and its bookkeeping.
DELETE_INSERT: TWriteDispositionConfig = {"disposition": "merge", "strategy": "delete-insert"}

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
    with duckdb.connect(str(warehouse)):  # held open: a load opens it some ten times, each of which costs then nothing
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
    resources = [
        _resource(
            connector.name, name, table, source.resources.get(name) if plan.of(name) else None, plan, counts, warehouse
        )
        for name, table in connector.tables.items()
    ]
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    with deadline.writing(), load_log.connect(warehouse) as connection:
        load_log.begin(connection, connector.name)
    pipeline = _extracted(connector, resources, warehouse, state)
    parts.check(plan)
    with deadline.writing():
        _write(pipeline)
        rows = {pull: rows_of(pull, connector.tables[pull.table], counts) for pull in plan.pulls}
        with load_log.connect(warehouse) as connection:
            load_log.record(connection, connector, plan, rows)
    by_table = {name: sum(n for key, n in counts.items() if key[0] == name) for name in connector.tables}
    return LoadResult(connector.name, by_table, monotonic() - started, plan.warnings, plan.quota, plan.refused)


def create_empty(connector: Connector, warehouse: Path) -> None:
    """A source's raw tables, without rows where they do not exist yet, so that all models build without it.

    A table of before gets the declared columns that it lacks.
    """
    schema = f"raw_{connector.name}"
    with load_log.connect(warehouse) as connection:
        connection.execute(f"create schema if not exists {schema}")
        known = _columns_of(connection, schema)
        for name, table in connector.tables.items():
            empty = table.columns.empty_table()
            empty = _with_marker(empty, False) if _is_marked(table) else empty
            lacking = [column for column in empty.column_names if column.lower() not in known.get(name, ())]
            if not lacking:
                continue
            connection.register("empty", empty)
            if name in known:
                _add_columns(connection, f"{schema}.{name}", lacking)
            else:
                connection.execute(f"create table {schema}.{name} as from empty")
            connection.unregister("empty")


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


def _is_marked(table: Table) -> bool:
    """Whether its loads delete rows: through marker rows, which dlt never inserts."""
    return table.kind == "slices" or bool(table.listed_by)


def _resource(
    source: str,
    name: str,
    table: Table,
    vendor: DltResource | None,
    plan: Plan,
    counts: Counter[tuple[str, ...]],
    warehouse: Path,
) -> DltResource:
    """The vendor's rows as Arrow with the table's keys; first the empty table, last what is kept or deleted."""
    is_sliced = table.kind == "slices"
    hints: Any = {MARKER: {"hard_delete": True}} if _is_marked(table) else {}
    if table.newest_by:
        hints[table.newest_by] = {"dedup_sort": "desc"}

    def rows() -> Iterator[pa.Table]:
        yield _finished(table, table.columns.empty_table())
        seen: dict[tuple[Any, ...], int] = {}  # every key that came, of slices with a hash of its row
        is_checked = is_sliced and not table.rows_are_unique
        is_judged = _is_marked(table) and not table.is_own and bool(plan.of(name))
        read = deadline.checked(batches(source, name, table, vendor or (), plan.fields.setdefault(name, set())))
        if is_checked:
            read = (_unseen(f"{source}: {name}", table, batch, seen) for batch in read)
        for fresh in parts.whole(plan, source, name, table, read):
            count(name, table, fresh, plan, counts)
            if is_judged and not is_checked:
                seen.update(dict.fromkeys(_keys(table, fresh), 0))
            yield _finished(table, fresh)
        gone: list[tuple[Any, ...]] = []
        if is_judged:
            with load_log.connect(warehouse) as connection:
                gone, kept = deletions.judged(connection, source, name, table, plan, seen)
            yield _finished(table, kept)
        if _is_marked(table):
            yield _finished(table, _markers(table, name, plan) if is_sliced else _of_keys(table, gone), True)

    return dlt.resource(
        rows(),
        name=name,
        # Slices are replaced by slice alone: with the row's key as well, dlt compares every row with every other one.
        primary_key=() if is_sliced else list(table.key),
        merge_key=list(table.slice_by) or (),
        columns=hints,
        write_disposition=DELETE_INSERT,
    )


def _finished(table: Table, batch: pa.Table, is_deleted: bool = False) -> pa.Table:
    """The rows as dlt wants them: marked where the table's loads delete, its key columns declared not null."""
    marked = _with_marker(batch, is_deleted) if _is_marked(table) else batch
    fields = [column.with_nullable(column.name not in table.key) for column in marked.schema]
    return marked.cast(pa.schema(fields))


def _keys(table: Table, batch: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(batch.column(column).to_pylist() for column in table.key), strict=True))


def _of_keys(table: Table, keys: list[tuple[Any, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(table.key, key, strict=True)) for key in keys], schema=table.columns)


def _unseen(where: str, table: Table, batch: pa.Table, seen: dict[tuple[Any, ...], int]) -> pa.Table:
    """The batch without rows that were told before: vendors repeat some at page borders, as they were."""
    fresh = []
    rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
    for key, row in zip(_keys(table, batch), map(hash, rows), strict=True):
        fresh.append(key not in seen)
        if seen.setdefault(key, row) != row:
            named = ", ".join(f"{name} {part}" for name, part in zip(table.key, key, strict=True))
            raise ListingRefused(
                f"{where} has two rows of {named} that are not the same, and which one holds is not known; nothing of "
                "this source was loaded. Refresh again; if it stays so, report it."
            )
    return batch if all(fresh) else batch.filter(pa.array(fresh))


def _with_marker(batch: pa.Table, value: bool) -> pa.Table:
    return batch.append_column(MARKER, pa.array([value] * batch.num_rows, pa.bool_()))


def _markers(table: Table, name: str, plan: Plan) -> pa.Table:
    """One row per asked slice: dlt deletes what the slice held before, so vanished rows and days vanish."""
    rows = []
    for pull in plan.of(name):
        if (name, pull.account_id) in plan.skipped or (name, pull.account_id) in plan.failures:
            continue
        days: list[date | None] = list(pull.days()) if table.is_dated else [None]
        for day in days:
            row = {column: _blank(table.columns.field(column).type) for column in table.key}
            row |= dict(zip(table.slice_by, (pull.account_id, day), strict=False))
            rows.append(row)
    return pa.Table.from_pylist(rows, schema=table.columns)


def _blank(kind: pa.DataType) -> Any:
    """What stands in the other key columns of a marker row."""
    if pa.types.is_integer(kind):
        return -1
    return date(1, 1, 1) if pa.types.is_date(kind) else ""


def _extracted(connector: Connector, resources: list[DltResource], warehouse: Path, state: Path) -> Pipeline:
    """The vendor is asked for everything before anything is written."""
    pipeline = dlt.pipeline(
        pipeline_name=f"parcours_{connector.name}",
        pipelines_dir=str(state),
        destination=Warehouse(str(warehouse)),
        dataset_name=f"raw_{connector.name}",
    )
    # What a killed run left is asked again rather than loaded: the same range, as the vendor shows it now.
    if pipeline.has_pending_data:
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
