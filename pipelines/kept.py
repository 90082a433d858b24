"""Copies of a warehouse: of what a refresh cannot make again, raw tables, load log and history, or of all."""

import os
from pathlib import Path

import duckdb

from pipelines.sql import literal

# dlt's staging tables hold what its last load merged.
KEPT = "(starts_with(schema_name, 'raw_') and not ends_with(schema_name, '_staging') or schema_name = 'history')"
UNCLEARED = "raw_parcours.uncleared"  # says that freed blocks may tell of who was forgotten; a new file has none
OF_FILE = ("raw_parcours.builds", UNCLEARED)  # the former says that models are built, which the copy has not


def copy(connection: duckdb.DuckDBPyConnection, database: str, target: Path) -> dict[str, int]:
    """Copy what a refresh cannot make again into a new file, which is whole or not there; gives table → rows."""
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    with connection.cursor() as cursor:
        tables = cursor.execute(
            "select schema_name, table_name, sql from duckdb_tables() "
            f"where database_name = ? and {KEPT} order by schema_name, table_name",
            [database],
        ).fetchall()
        cursor.execute(f"attach {literal(fresh)} as kept (read_write)")
        try:
            cursor.execute("use kept")
            counts = {
                f"{schema}.{table}": _copied(cursor, database, schema, table, sql) for schema, table, sql in tables
            }
            cursor.execute("checkpoint kept")
            cursor.execute(f'use "{database}"')
        finally:
            connection.execute("detach kept")
    os.replace(fresh, target)
    return counts


def copy_whole(connection: duckdb.DuckDBPyConnection, database: str, target: Path) -> None:
    """Copy all of an attached database into a file that is not there yet, models too: no block of it is free."""
    connection.execute(f"attach {literal(target)} as whole (read_write)")
    connection.execute(f'copy from database "{database}" to whole')
    connection.execute("checkpoint whole")
    connection.execute("detach whole")


def count(path: Path) -> dict[str, int]:
    """Table → rows of a file that holds such a copy."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            f"select schema_name, table_name from duckdb_tables() where {KEPT} order by schema_name, table_name"
        ).fetchall()
        return {f"{schema}.{table}": _rows(connection, f'"{schema}"."{table}"') for schema, table in names}


def _copied(cursor: duckdb.DuckDBPyConnection, database: str, schema: str, table: str, sql: str) -> int:
    cursor.execute(f'create schema if not exists "{schema}"')
    cursor.execute(sql)
    name = f'"{schema}"."{table}"'
    if f"{schema}.{table}" not in OF_FILE:
        cursor.execute(f'insert into {name} from "{database}".{name}')
    return _rows(cursor, name)


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    found = connection.execute(f"select count(*) from {name}").fetchone()
    return int(found[0]) if found else 0
