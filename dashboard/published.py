"""Reads the published file as any reader does: attached read-only, whatever refresh replaces it meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.connector import ConnectorError


class Unreadable(ConnectorError):
    """The published file is no DuckDB file, or not for this user."""


Rows = list[dict[str, Any]]


@contextmanager
def opened(marts: Path) -> Iterator[Callable[..., Rows]]:
    """Gives what answers a query, with its parameters, over the tables of one published file; times in UTC."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        quoted = str(marts).replace("'", "''")
        try:
            connection.execute(f"attach '{quoted}' as marts (read_only)")
        except duckdb.Error:
            raise Unreadable(f"{marts} is damaged or cannot be read. Publish it anew: parcours refresh") from None

        def rows(query: str, parameters: dict[str, Any] | None = None) -> Rows:
            found = connection.execute(query, parameters)
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        yield rows


def read(marts: Path, query: str, parameters: dict[str, Any] | None = None) -> Rows:
    """The rows of one query."""
    with opened(marts) as rows:
        return rows(query, parameters)
