"""Publish the marts: one read-only DuckDB file, swapped in whole, so that readers are never locked out."""

import os
from pathlib import Path

import duckdb

from flows.places import Places

SCHEMA = "marts"
STORAGE_VERSION = "v1.0.0"  # the oldest that DuckDB still writes: every BI driver of today opens it


def publish(places: Places) -> list[str]:
    """Copy every table of the marts, with its comments, into a new file and swap it in; gives the tables' names.

    Readers that hold the old file keep the old data; a reader that comes later sees the new. A failure leaves the old.
    """
    fresh = places.marts.with_suffix(".new")
    _remove(fresh)
    tables = _copy(places.warehouse, fresh)
    _sync(fresh)
    # A careless reader's write-ahead log would be replayed onto the new file.
    places.marts.with_name(places.marts.name + ".wal").unlink(missing_ok=True)
    os.replace(fresh, places.marts)
    _sync(places.marts.parent)
    return tables


def _copy(warehouse: Path, fresh: Path) -> list[str]:
    with duckdb.connect() as connection:
        connection.execute(f"attach {_text(warehouse)} as warehouse (read_only)")
        connection.execute(f"attach {_text(fresh)} as fresh (storage_version '{STORAGE_VERSION}')")
        tables = connection.execute(
            "select table_name, comment from duckdb_tables() where database_name = 'warehouse' and schema_name = ? "
            "order by 1",
            [SCHEMA],
        ).fetchall()
        for table, comment in tables:
            connection.execute(f'create table fresh.main."{table}" as from warehouse.{SCHEMA}."{table}" order by all')
            _comment(connection, f'table fresh.main."{table}"', comment)
            columns = connection.execute(
                "select column_name, comment from duckdb_columns() "
                "where database_name = 'warehouse' and schema_name = ? and table_name = ?",
                [SCHEMA, table],
            ).fetchall()
            for column, text in columns:
                _comment(connection, f'column fresh.main."{table}"."{column}"', text)
        connection.execute("checkpoint fresh")
        return [table for table, _ in tables]


def _comment(connection: duckdb.DuckDBPyConnection, what: str, text: str | None) -> None:
    if text:
        connection.execute(f"comment on {what} is {_text(text)}")


def _text(value: object) -> str:
    """A value as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Make the file, or the directory's entry of it, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
