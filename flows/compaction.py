"""The warehouse is written anew once it has grown: what a refresh frees DuckDB uses again, and never gives back."""

from pathlib import Path

import duckdb

from flows import troubles
from flows.places import Places
from flows.swapped import swapped_in
from pipelines import kept
from pipelines.connector import ConnectorError
from pipelines.opening import WarehouseRefused, opened

MOST_GROWTH = 1.25  # times its size when it was last written anew, so that it stays within 1.3 times one from scratch
SMALLEST_BYTES = 50_000_000  # what is smaller is left as it is


def compact(places: Places) -> list[str]:
    """Write the warehouse anew if it has grown, the same in all that it holds; gives what went wrong.

    Alone in the data directory, and once nothing is read of it any more. A kill leaves the old file in its place.
    """
    fresh = places.warehouse.with_name(places.warehouse.name + ".new")
    try:
        for half in (fresh, fresh.with_name(fresh.name + ".wal")):
            half.unlink(missing_ok=True)
        if _has_grown(places.warehouse):
            _write_anew(places.warehouse)
    except (OSError, duckdb.Error, ConnectorError) as error:
        why = troubles.explained(error, places.data, places.warehouse) or str(error)
        return [f"the warehouse was not written anew: {why}"]
    return []


def _has_grown(warehouse: Path) -> bool:
    size = warehouse.stat().st_size if warehouse.exists() else 0
    if size < SMALLEST_BYTES:
        return False
    last = "select coalesce(arg_max(bytes, done_at), 0) from raw_parcours.compactions"
    with opened(warehouse) as connection:
        [(before,)] = connection.execute(last).fetchall()
    return bool(size > MOST_GROWTH * before)


def _write_anew(warehouse: Path) -> None:
    troubles.make_sure_of(warehouse.stat().st_size + troubles.LEAST_FREE_BYTES, warehouse.parent, "it")
    try:
        connection = opened(warehouse, read_only=True)
    except WarehouseRefused:
        return  # a load that hangs has it open still: the next refresh will
    with connection, swapped_in(warehouse) as fresh:
        kept.copy_whole(connection, warehouse.stem, fresh)
        with opened(fresh) as anew:
            anew.execute("insert into raw_parcours.compactions values (now(), ?)", [fresh.stat().st_size])
            anew.execute("checkpoint")
