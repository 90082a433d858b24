"""What an export tells on an order's first line only, told on each of its lines."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from pipelines.sources.files import casts as sql
from pipelines.sources.files.entities import ENTITIES, ORDER_LEVEL
from pipelines.sources.files.settings import Feed

MOST_NOTED = 64  # columns, a bit of each
Places = Mapping[str, tuple[int, ...]]  # field → its columns in the sheet


class SpansPortions(Exception):
    """What an order says must be filled from lines of another portion: the file has to be read whole."""


class Orders:
    """The order-level columns of a file: where they have gaps, and those filled.

    Columns that are mapped to a field of orders are order-level; one that is not mapped, and only read by a filter, is
    where no order says two things in it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, feed: Feed, places: Places, width: int) -> None:
        self.connection = connection
        self.feed = feed
        self.places = places
        order = places.get("order_id") if feed.entity in ("orders", "order_lines") else None
        self.order = str(order[0]) if order else ""
        levels = ORDER_LEVEL if feed.entity == "order_lines" else set(ENTITIES["orders"].fields) - {"order_id"}
        told = {str(place) for field in levels for place in places.get(field, ())}
        told |= {f"{field} key" for field in ENTITIES[feed.entity].hashed if field in places}
        mapped = {str(place) for of_field in places.values() for place in of_field}
        reads_more = bool(feed.filters) or any(at.sql for at in feed.columns.values())
        self.told = sorted(told)
        self.others = sorted({str(place) for place in range(width)} - mapped if reads_more else set())
        connection.execute(
            "create temp table lines (order_hash ubigint, empty_somewhere ubigint, empty_always ubigint)"
        )

    def fill(self) -> None:
        """`filled`: the sheet, where an empty order-level cell holds what another line of the same order says.

        The nearest line above counts, then the next below. A line that had to be filled has no tax of its own where its
        order tells one.
        """
        source = "sheet"
        if not self.order:
            self.pass_on()
            return
        key = sql.quoted(self.order)
        if self.feed.fill_down:
            above = f"last_value({key} ignore nulls) over (order by row_number rows unbounded preceding)"
            self.connection.execute(
                f"create temp table named as select * replace ({above} as {key}) from sheet order by row_number"
            )
            source = "named"
        gaps = _gaps(self.connection, source, key, self.told, self.others)
        if not gaps:
            self.pass_on(source)
            return
        _fill(self.connection, source, key, self.feed, gaps, sorted(set(self.told) & set(gaps)), self.places)

    def pass_on(self, source: str = "sheet") -> None:
        """`filled`: the sheet as it is."""
        self.connection.execute(f"create or replace temp view filled as from {source}")

    def note(self, table: pa.Table) -> None:
        """Of a portion, which columns are empty on which lines of its orders."""
        if not self.order:
            return
        columns = [*self.told, *self.others]
        if self.feed.fill_down or len(columns) > MOST_NOTED:
            raise SpansPortions
        key = sql.quoted(self.order)
        bits = [
            f"case when {_cell(column)} is null then {1 << place}::ubigint else 0::ubigint end"
            for place, column in enumerate(columns)
            if table[column].null_count or column.endswith(" key")
        ]
        self.connection.execute(
            "insert into lines select hash(order_id), bit_or(empty), bit_and(empty) from "
            f"(select {key} as order_id, {' | '.join(bits) or '0::ubigint'} as empty from sheet) "
            "where order_id is not null group by order_id"
        )
        self._refuse("lines")

    def check_noted(self) -> None:
        """Raise if a column is empty on some lines of an order, and not on others."""
        self._refuse(
            "(select bit_or(empty_somewhere) as empty_somewhere, bit_and(empty_always) as empty_always from lines "
            "group by order_hash)"
        )

    def _refuse(self, orders: str) -> None:
        found = self.connection.execute(f"select bool_or(empty_somewhere != empty_always) from {orders}").fetchone()
        if found and found[0]:
            raise SpansPortions


def _cell(column: str) -> str:
    """What stands in a column; of a person's that is '' where no address does."""
    return f"nullif({sql.quoted(column)}, '')"


def _gaps(
    connection: duckdb.DuckDBPyConnection, source: str, key: str, told: list[str], others: list[str]
) -> list[str]:
    """The order-level columns that are empty on some lines of an order, and not on others."""
    has_empty = _with_empty_cells(connection, source, [*told, *others])
    told, others = ([one for one in columns if one in has_empty] for columns in (told, others))
    columns = [*told, *others]
    if not columns:
        return []
    cells = [_cell(column) for column in columns]
    counted = ", ".join(f"count({cell}) as n{at}" for at, cell in enumerate(cells))
    spread = ", ".join(
        f"min({cell}) as l{at}, max({cell}) as h{at}" for at, cell in enumerate(cells) if at >= len(told)
    )
    per_order = (
        f"select count(*) as k, {counted}{', ' + spread if spread else ''} from {source} "
        f"where {key} is not null group by {key} having count(*) > 1"
    )
    asked = [f"bool_or(n{at} between 1 and k - 1)" for at in range(len(columns))]
    for at in range(len(told), len(columns)):
        asked[at] += f" and bool_and(l{at} is not distinct from h{at})"
    found = connection.execute(f"select {', '.join(asked)} from ({per_order})").fetchone() or ()
    return [column for column, has_gaps in zip(columns, found, strict=True) if has_gaps]


def _with_empty_cells(connection: duckdb.DuckDBPyConnection, source: str, columns: list[str]) -> set[str]:
    """The columns that have an empty cell: most have none, and orders are only looked at for those that have."""
    if not columns:
        return set()
    asked = [f"count({_cell(column)}) < count(*)" for column in columns]
    found = connection.execute(f"select {', '.join(asked)} from {source}").fetchone() or ()
    return {column for column, has_empty in zip(columns, found, strict=True) if has_empty}


def _fill(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    key: str,
    feed: Feed,
    gaps: list[str],
    told: list[str],
    places: Places,
) -> None:
    above = f"over (partition by {key} order by row_number rows unbounded preceding)"
    below = f"over (partition by {key} order by row_number rows between current row and unbounded following)"
    filled = []
    for column in gaps:
        name = sql.quoted(column)
        cell = _cell(column)
        value = f"coalesce(last_value({cell} ignore nulls) {above}, first_value({cell} ignore nulls) {below})"
        filled.append(f"case when {key} is null then {name} else {value} end as {name}")
    tax = places.get("tax_amount", ())
    if feed.entity == "order_lines" and tax and told:
        name = sql.quoted(str(tax[0]))
        was_told = f"count({name}) over (partition by {key}) > 0"
        lacks = " or ".join(
            f"({_cell(column)} is null and count({_cell(column)}) over (partition by {key}) > 0)" for column in told
        )
        filled.append(f"case when {name} is null and {was_told} and ({lacks}) then '0' else {name} end as {name}")
    connection.execute(
        f"create temp table filled as select * replace ({', '.join(filled)}) from {source} order by row_number"
    )
