"""What an export tells on an order's first line only, told on each of its lines."""

from collections.abc import Mapping

import duckdb

from pipelines.sources.files import casts as sql
from pipelines.sources.files.entities import ENTITIES, ORDER_LEVEL
from pipelines.sources.files.settings import Feed

Places = Mapping[str, tuple[int, ...]]  # field → its columns in the sheet


def fill_orders(connection: duckdb.DuckDBPyConnection, feed: Feed, places: Places, width: int) -> None:
    """`filled`: the sheet, where an empty order-level cell holds what another line of the same order says.

    Columns that are mapped to a field of orders are order-level; one that is not mapped, and only read by a filter, is
    where no order says two things in it. The nearest line above counts, then the next below. A line that had to be
    filled has no tax of its own where its order tells one.
    """
    order = places.get("order_id")
    if feed.entity not in ("orders", "order_lines") or not order:
        connection.execute("create temp view filled as from sheet")
        return
    source = "sheet"
    key = sql.trimmed(sql.quoted(str(order[0])), feed)
    if feed.fill_down:
        above = f"last_value({key} ignore nulls) over (order by row_number rows unbounded preceding)"
        named = f'{above} as "{order[0]}"'
        connection.execute(f"create temp table named as select * replace ({named}) from sheet order by row_number")
        source = "named"
    levels = ORDER_LEVEL if feed.entity == "order_lines" else set(ENTITIES["orders"].fields) - {"order_id"}
    told = {str(place) for field in levels for place in places.get(field, ())}
    told |= {f"{field} key" for field in ENTITIES[feed.entity].hashed if field in places}
    mapped = {str(place) for of_field in places.values() for place in of_field}
    reads_more = bool(feed.filters) or any(at.sql for at in feed.columns.values())
    others = {str(place) for place in range(width)} - mapped if reads_more else set()
    gaps = _gaps(connection, source, key, feed, sorted(told), sorted(others))
    if not gaps:
        connection.execute(f"create temp view filled as from {source}")
        return
    _fill(connection, source, key, feed, gaps, sorted(told & set(gaps)), places)


def _gaps(
    connection: duckdb.DuckDBPyConnection, source: str, key: str, feed: Feed, told: list[str], others: list[str]
) -> list[str]:
    """The order-level columns that are empty on some lines of an order, and not on others."""
    has_empty = _with_empty_cells(connection, source, feed, [*told, *others])
    told, others = ([one for one in columns if one in has_empty] for columns in (told, others))
    columns = [*told, *others]
    if not columns:
        return []
    cells = [sql.trimmed(sql.quoted(column), feed) for column in columns]
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


def _with_empty_cells(connection: duckdb.DuckDBPyConnection, source: str, feed: Feed, columns: list[str]) -> set[str]:
    """The columns that may have an empty cell: most have none, and orders are only looked at for those that may.

    What begins with a visible ASCII character is not empty, unless the feed has words for that: no need to trim.
    """
    if not columns:
        return set()
    names = [sql.quoted(column) for column in columns]
    asked = [
        f"count({sql.trimmed(name, feed)}) < count(*)"
        if feed.empty
        else f"not bool_and({name} is not null and {name} >= '!' and {name} < '\u007f')"
        for name in names
    ]
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
        cell = sql.trimmed(name, feed)
        value = f"coalesce(last_value({cell} ignore nulls) {above}, first_value({cell} ignore nulls) {below})"
        filled.append(f"case when {key} is null then {name} else {value} end as {name}")
    tax = places.get("tax_amount", ())
    if feed.entity == "order_lines" and tax and told:
        name = sql.quoted(str(tax[0]))
        cell = sql.trimmed(name, feed)
        was_told = f"count({cell}) over (partition by {key}) > 0"
        lacks = " or ".join(
            f"({sql.trimmed(sql.quoted(column), feed)} is null and count({sql.trimmed(sql.quoted(column), feed)}) "
            f"over (partition by {key}) > 0)"
            for column in told
        )
        filled.append(f"case when {cell} is null and {was_told} and ({lacks}) then '0' else {name} end as {name}")
    connection.execute(
        f"create temp table filled as select * replace ({', '.join(filled)}) from {source} order by row_number"
    )
