"""What statements share."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa


def named(columns: Iterable[str]) -> str:
    """Columns as a list in a statement."""
    return ", ".join(f'"{column}"' for column in columns)


def literal(value: object) -> str:
    """A value as a text in a statement."""
    return "'" + str(value).replace("'", "''") + "'"


@contextmanager
def seen_as(connection: duckdb.DuckDBPyConnection, **tables: pa.Table | pa.RecordBatchReader) -> Iterator[None]:
    """Arrow tables under the names by which statements know them, until the block ends."""
    for name, table in tables.items():
        connection.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            connection.unregister(name)
