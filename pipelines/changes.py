"""What a load changes: of what a vendor gave, that which is not stored as it came.

Most of what a load reads again is what it was. It is not written again, and a table of which nothing changed is not
touched at all.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from pipelines.connector import Table
from pipelines.slices import content_hash

MOST_COMPARED = 200_000  # rows of one load of a table; more are merged as they come, so that memory stays bounded


def only(
    connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, came: pa.Table, deleted: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """The rows, and what is deleted (slices, by a row each, or keys), without what is stored as it came."""
    if table.kind == "slices":
        return _of_slices(connection, f"raw_{source}.{name}", table, came, deleted)
    return (_of_rows(connection, f"raw_{source}.{name}", table, came) if len(came) else came), deleted


def _of_rows(connection: duckdb.DuckDBPyConnection, stored: str, table: Table, came: pa.Table) -> pa.Table:
    """Of several versions of a row, the newest alone is compared: an older one must not replace it."""
    key, columns = _named(table.key), _named(table.columns.names)
    newest = f'qualify row_number() over (partition by {key} order by "{table.newest_by}" desc) = 1'
    with _seen_as(connection, came=came):
        found = connection.execute(
            f"""
            with stored as (select {key}, hash({columns}) as row_hash from {stored} semi join came using ({key})),
            given as (select *, hash({columns}) as row_hash from came {newest if table.newest_by else ""})
            select {columns} from given anti join stored using ({key}, row_hash)
            """
        )
        return found.to_arrow_table().cast(came.schema)


def _of_slices(
    connection: duckdb.DuckDBPyConnection, stored: str, table: Table, came: pa.Table, asked: pa.Table
) -> tuple[pa.Table, pa.Table]:
    slices, columns = _named(table.slice_by), _named(table.columns.names)
    hashed = f"{slices}, count(*) as rows, {content_hash(table.columns.names)} as hash"
    with _seen_as(connection, came=came, asked=asked):
        same = connection.execute(
            f"""
            with stored as (select {hashed} from {stored} semi join asked using ({slices}) group by {slices}),
            given as (select {hashed} from came group by {slices})
            select {slices} from asked left join stored using ({slices}) left join given using ({slices})
            where stored.rows is not distinct from given.rows and stored.hash is not distinct from given.hash
            """
        ).to_arrow_table()
        with _seen_as(connection, same=same):
            rows, changed = (
                connection.execute(f"select {columns} from {what} anti join same using ({slices})").to_arrow_table()
                for what in ("came", "asked")
            )
            return rows.cast(came.schema), changed.cast(asked.schema)


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


@contextmanager
def _seen_as(connection: duckdb.DuckDBPyConnection, **tables: pa.Table) -> Iterator[None]:
    """Arrow tables under names that statements know."""
    for name, table in tables.items():
        connection.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            connection.unregister(name)
