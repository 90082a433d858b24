"""What a load changes: of what a vendor gave, that which is not stored as it came.

Most of what a load reads again is what it was. It is not written again, and a table of which nothing changed is not
touched at all.
"""

import duckdb
import pyarrow as pa

from pipelines.connector import Table
from pipelines.slices import content_hash
from pipelines.sql import named, seen_as

MOST_COMPARED = 200_000  # rows of one load of a table; more are merged as they come, so that memory stays bounded


def only(
    connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table, came: pa.Table, deleted: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """The rows, and what is deleted (slices, by a row each, or keys), without what is stored as it came."""
    if not (len(came) or len(deleted)):
        return came, deleted
    if table.kind == "slices":
        return _of_slices(connection, f"raw_{source}.{name}", table, came, deleted)
    return _of_rows(connection, f"raw_{source}.{name}", table, came), deleted


def _of_rows(connection: duckdb.DuckDBPyConnection, stored: str, table: Table, came: pa.Table) -> pa.Table:
    """Of several versions of a row, the newest alone is compared: an older one must not replace it."""
    key, columns = named(table.key), named(table.columns.names)
    newest = f'qualify row_number() over (partition by {key} order by "{table.newest_by}" desc) = 1'
    with seen_as(connection, came=came):
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
    slices, columns = named(table.slice_by), named(table.columns.names)
    hashed = f"{slices}, count(*) as rows, {content_hash(table.columns.names)} as hash"
    with seen_as(connection, came=came, asked=asked):
        same = connection.execute(
            f"""
            with stored as (select {hashed} from {stored} semi join asked using ({slices}) group by {slices}),
            given as (select {hashed} from came group by {slices})
            select {slices} from asked left join stored using ({slices}) left join given using ({slices})
            where stored.rows is not distinct from given.rows and stored.hash is not distinct from given.hash
            """
        ).to_arrow_table()
        with seen_as(connection, same=same):
            rows, changed = (
                connection.execute(f"select {columns} from {what} anti join same using ({slices})").to_arrow_table()
                for what in ("came", "asked")
            )
            return rows.cast(came.schema), changed.cast(asked.schema)
