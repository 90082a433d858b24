"""Load one vendor into the warehouse: the only place where a dlt pipeline is created and run."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TWriteDispositionConfig
from dlt.extract.resource import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines import load_log
from pipelines.connector import Connector, ConnectorError, Options, Plan, Pull, Table
from pipelines.rows import MARKER, batches

# The one strategy that stays exact when a run is killed between the copy and its bookkeeping.
DELETE_INSERT: TWriteDispositionConfig = {"disposition": "merge", "strategy": "delete-insert"}


@dataclass(frozen=True)
class Asked:
    """What a refresh asks of every vendor: the last business day wanted, and the instant it counts as."""

    through: date
    as_of: datetime
    zone: ZoneInfo
    history_start: date


@dataclass
class LoadResult:
    """What one load did; `rows` counts what the vendor gave, per table."""

    source: str
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


def plan_load(connector: Connector, options: Options, warehouse: Path, asked: Asked) -> Plan:
    """What a load would ask: all history for what was never loaded, else from the re-read window on."""
    covered = {}
    if warehouse.exists():
        with load_log.connect(warehouse) as connection:
            covered = load_log.covered(connection, connector.name)
    pulls = []
    for name, table in connector.tables.items():
        for scope in connector.scopes(options, name):
            known = covered.get((name, scope.account_id, scope.definition))
            first_day = asked.history_start
            if known:
                since = min(known.last_day, asked.through) - timedelta(days=table.reread_days - 1)
                first_day = max(first_day, min(since, asked.through))
            pulls.append(Pull(name, scope.account_id, first_day, asked.through, scope.definition))
    hashes = {(table, account): known.content_hash for (table, account, _), known in covered.items()}
    return Plan(asked.as_of, asked.through, asked.zone, tuple(pulls), known_hashes=hashes)


def load(connector: Connector, options: Options, warehouse: Path, state: Path, asked: Asked) -> LoadResult:
    """Pull one vendor into `raw_<vendor>` and write the load log.

    Idempotent: the same call again leaves the same tables, also after a kill at any moment, since every table is
    merged on its key and the log is written last. `state` holds dlt's working directories.
    """
    started = monotonic()
    plan = plan_load(connector, options, warehouse, asked)
    counts: Counter[tuple[str, ...]] = Counter()
    source = connector.source(options, plan)
    resources = [
        _resource(connector.name, name, table, source.resources.get(name), plan, counts)
        for name, table in connector.tables.items()
    ]
    _run(connector, resources, warehouse, state)
    rows = {pull: _rows_of(pull, connector.tables[pull.table], counts) for pull in plan.pulls}
    with load_log.connect(warehouse) as connection:
        load_log.record(connection, connector, plan, rows)
    by_table = {name: sum(n for key, n in counts.items() if key[0] == name) for name in connector.tables}
    return LoadResult(connector.name, by_table, monotonic() - started, plan.warnings)


def create_empty(connector: Connector, warehouse: Path) -> None:
    """A source's raw tables, without rows where they do not exist yet, so that all models build without it."""
    with load_log.connect(warehouse) as connection:
        connection.execute(f"create schema if not exists raw_{connector.name}")
        for name, table in connector.tables.items():
            empty = table.columns.empty_table()
            empty = _with_marker(empty, False) if table.kind == "slices" else empty
            connection.register("empty", empty)
            connection.execute(f"create table if not exists raw_{connector.name}.{name} as from empty")
            connection.unregister("empty")


def _resource(
    source: str, name: str, table: Table, vendor: DltResource | None, plan: Plan, counts: Counter[tuple[str, ...]]
) -> DltResource:
    """The vendor's rows as Arrow with the table's keys; first the empty table, last the markers of replaced slices."""
    marked = table.kind == "slices"
    hints: Any = {MARKER: {"hard_delete": True}} if marked else {}
    if table.newest_by:
        hints[table.newest_by] = {"dedup_sort": "desc"}

    def rows() -> Iterator[pa.Table]:
        empty = table.columns.empty_table()
        yield _keyed(table, _with_marker(empty, False) if marked else empty)
        seen: set[tuple[Any, ...]] = set()
        for batch in batches(source, name, table, vendor or ()):
            fresh = _unseen(table, batch, seen) if marked and not table.rows_are_unique else batch
            _count(name, table, fresh, plan, counts)
            yield _keyed(table, _with_marker(fresh, False) if marked else fresh)
        if marked:
            yield _keyed(table, _markers(table, name, plan))

    return dlt.resource(
        rows(),
        name=name,
        # Slices are replaced by slice alone: with the row's key as well, dlt compares every row with every other one.
        primary_key=() if marked else list(table.key),
        merge_key=list(table.slice_by) or (),
        columns=hints,
        write_disposition=DELETE_INSERT,
    )


def _unseen(table: Table, batch: pa.Table, seen: set[tuple[Any, ...]]) -> pa.Table:
    """The batch without rows that an earlier page held already: vendors repeat some at page borders."""
    keys = list(zip(*(batch.column(column).to_pylist() for column in table.key), strict=True))
    fresh = []
    for key in keys:
        fresh.append(key not in seen)
        seen.add(key)
    return batch if all(fresh) else batch.filter(pa.array(fresh))


def _keyed(table: Table, batch: pa.Table) -> pa.Table:
    """The same rows with the key columns declared not null, as the destination's key wants them."""
    fields = [column.with_nullable(column.name not in table.key) for column in batch.schema]
    return batch.cast(pa.schema(fields))


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
    return _with_marker(pa.Table.from_pylist(rows, schema=table.columns), True)


def _blank(kind: pa.DataType) -> Any:
    """What stands in the other key columns of a marker row."""
    if pa.types.is_integer(kind):
        return -1
    return date(1, 1, 1) if pa.types.is_date(kind) else ""


def _count(name: str, table: Table, batch: pa.Table, plan: Plan, counts: Counter[tuple[str, ...]]) -> None:
    """Rows per account and definition; all together where one pull covers the whole table."""
    if not any(pull.account_id for pull in plan.of(name)):
        counts[name, ""] += batch.num_rows
        return
    by = [table.key[0]] + (["definition"] if "definition" in table.key else [])
    for row in batch.group_by(by).aggregate([([], "count_all")]).to_pylist():
        counts[name, *(str(row[column]) for column in by)] += row["count_all"]


def _rows_of(pull: Pull, table: Table, counts: Counter[tuple[str, ...]]) -> int:
    """Rows of one pull; a pull of account '' covers the whole table."""
    if not pull.account_id:
        return sum(n for key, n in counts.items() if key[0] == pull.table)
    key = (pull.table, pull.account_id) + ((pull.definition,) if "definition" in table.key else ())
    return counts[key]


def _run(connector: Connector, resources: list[DltResource], warehouse: Path, state: Path) -> None:
    pipeline = dlt.pipeline(
        pipeline_name=f"parcours_{connector.name}",
        pipelines_dir=str(state),
        destination=dlt.destinations.duckdb(str(warehouse)),
        dataset_name=f"raw_{connector.name}",
    )
    # What a killed run left is asked again rather than loaded: the same range, as the vendor shows it now.
    if pipeline.has_pending_data:
        pipeline.abort_packages()
        pipeline.load()
    try:
        pipeline.run(resources)
    except PipelineStepFailed as error:
        raise _cause(error) from None


def _cause(error: BaseException) -> BaseException:
    """The connector's own error under what dlt wraps around it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectorError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return error
