"""A vendor's table as dlt loads it: its rows checked, counted and compared with what is stored."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from dlt.common.schema.typing import TWriteDispositionConfig
from dlt.extract.pipe_iterator import ManagedPipeIterator
from dlt.extract.resource import DltResource

from pipelines import changes, deadline, deletions, forgotten, parts
from pipelines.connector import Plan, Table
from pipelines.counts import count
from pipelines.listing import ListingRefused
from pipelines.rows import MARKER, batches

# The one strategy that stays exact when a run is killed between the copy and its bookkeeping.
DELETE_INSERT: TWriteDispositionConfig = {"disposition": "merge", "strategy": "delete-insert"}


@dataclass
class Reading:
    """One table of a load: the vendor's rows, counted and checked, and of them what is not stored as it came."""

    source: str
    name: str
    table: Table
    vendor: DltResource | None
    plan: Plan
    counts: Counter[tuple[str, ...]]
    connection: duckdb.DuckDBPyConnection
    tombstones: forgotten.Tombstones
    # every key that came, where what is missing is judged; of slices with a hash of its row
    seen: dict[tuple[Any, ...], int] = field(default_factory=dict)
    changes: Iterator[pa.Table] = field(init=False)

    def __post_init__(self) -> None:
        self.changes = self._changes()

    def has_changes(self) -> bool:
        """Whether there is anything to write, for which the vendor is asked now."""
        first = list(islice(self.changes, 1))
        self.changes = chain(first, self.changes)
        return bool(first)

    def resource(self) -> DltResource:
        """What changes, as Arrow with the table's keys; last what is deleted."""
        table, is_sliced = self.table, self.table.kind == "slices"
        hints: Any = {MARKER: {"hard_delete": True}} if is_marked(table) else {}
        if table.newest_by:
            hints[table.newest_by] = {"dedup_sort": "desc"}
        return dlt.resource(
            self.changes,
            name=self.name,
            # Slices are replaced by slice alone: with the row's key, too, dlt compares every row with every other one.
            primary_key=() if is_sliced else list(table.key),
            merge_key=list(table.slice_by) or (),
            columns=hints,
            write_disposition=DELETE_INSERT,
        )

    def _changes(self) -> Iterator[pa.Table]:
        table, is_sliced = self.table, self.table.kind == "slices"
        came: list[pa.Table] = []
        rows_given = 0
        for batch in self._given():
            came.append(batch)
            rows_given += len(batch)
            while came and self._is_long(rows_given):
                yield _finished(table, came.pop(0))
        gone, kept = self._missing()
        rows = pa.concat_tables([*came, kept])
        deleted = _markers(table, self.name, self.plan) if is_sliced else _of_keys(table, gone)
        if not self._is_long(rows_given):
            rows, deleted = changes.only(self.connection, self.source, self.name, table, rows, deleted)
        for batch, is_deleted in ((rows, False), (deleted, True)):
            if len(batch):
                yield _finished(table, batch, is_deleted)

    def _given(self) -> Iterator[pa.Table]:
        fields = self.plan.fields.setdefault(self.name, set())
        items = _pages(self.vendor) if self.vendor else ()
        read = deadline.checked(batches(self.source, self.name, self.table, items, fields))
        read = (forgotten.without(self.connection, self.source, self.table, batch, self.tombstones) for batch in read)
        is_checked = self.table.kind == "slices" and not self.table.rows_are_unique
        if is_checked:
            read = (_unseen(f"{self.source}: {self.name}", self.table, batch, self.seen) for batch in read)
        for batch in parts.whole(self.plan, self.source, self.name, self.table, read):
            count(self.name, self.table, batch, self.plan, self.counts)
            if self._is_judged and not is_checked:
                self.seen.update(dict.fromkeys(_keys(self.table, batch), 0))
            yield batch

    def _missing(self) -> tuple[list[tuple[Any, ...]], pa.Table]:
        """Of the rows that were asked for and did not come: the keys to delete, and the rows to keep."""
        if not self._is_judged:
            return [], self.table.columns.empty_table()
        return deletions.judged(self.connection, self.source, self.name, self.table, self.plan, self.seen)

    def _is_long(self, rows: int) -> bool:
        """More rows than are compared; slices are compared whole, but for files, which are only read when changed."""
        is_compared_whole = self.table.kind == "slices" and not self.table.is_own
        return not is_compared_whole and rows > changes.MOST_COMPARED

    @property
    def _is_judged(self) -> bool:
        return is_marked(self.table) and not self.table.is_own


def _pages(resource: DltResource) -> Iterator[Any]:
    """What a resource yields, as it yields it.

    One that is iterated itself gives row by row, and first makes a schema of its own, which takes longer than to ask a
    vendor who has nothing new.
    """
    for given in ManagedPipeIterator.from_pipes([resource._pipe]):
        yield given.item


def is_marked(table: Table) -> bool:
    """Whether its loads delete rows: through marker rows, which dlt never inserts."""
    return table.kind == "slices" or bool(table.listed_by)


def _finished(table: Table, batch: pa.Table, is_deleted: bool = False) -> pa.Table:
    """The rows as dlt wants them: marked where the table's loads delete, its key columns declared not null."""
    marked = with_marker(batch, is_deleted) if is_marked(table) else batch
    fields = [column.with_nullable(column.name not in table.key) for column in marked.schema]
    return marked.cast(pa.schema(fields))


def _keys(table: Table, batch: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(batch.column(column).to_pylist() for column in table.key), strict=True))


def _of_keys(table: Table, keys: list[tuple[Any, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(table.key, key, strict=True)) for key in keys], schema=table.columns)


def _unseen(where: str, table: Table, batch: pa.Table, seen: dict[tuple[Any, ...], int]) -> pa.Table:
    """The batch without rows that were told before: vendors repeat some at page borders, as they were."""
    columns = {name: batch.column(name).to_pylist() for name in batch.column_names}
    keys = list(zip(*(columns[name] for name in table.key), strict=True))
    rows = list(map(hash, zip(*columns.values(), strict=True)))
    told = dict(zip(keys, rows, strict=True))
    if len(told) == len(keys) and seen.keys().isdisjoint(told):
        seen.update(told)
        return batch
    fresh = []
    for key, row in zip(keys, rows, strict=True):
        fresh.append(key not in seen)
        if seen.setdefault(key, row) != row:
            named = ", ".join(f"{name} {part}" for name, part in zip(table.key, key, strict=True))
            raise ListingRefused(
                f"{where} has two rows of {named} that are not the same, and which one holds is not known; nothing of "
                "this source was loaded. Refresh again; if it stays so, report it."
            )
    return batch.filter(pa.array(fresh))


def with_marker(batch: pa.Table, value: bool) -> pa.Table:
    """The rows with the column that says whether they are inserted or delete what they name."""
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
