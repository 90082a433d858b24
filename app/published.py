"""Reads the published file as any reader does: attached read-only, whatever refresh replaces it meanwhile."""

from pathlib import Path
from typing import Any

import duckdb

from pipelines.connector import ConnectorError


class Unreadable(ConnectorError):
    """The published file is no DuckDB file, or not for this user."""


def read(marts: Path, query: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The rows of a query over the tables of `marts`, times in UTC."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        quoted = str(marts).replace("'", "''")
        try:
            connection.execute(f"attach '{quoted}' as marts (read_only)")
        except duckdb.Error:
            raise Unreadable(f"{marts} is damaged or cannot be read. Publish it anew: parcours refresh") from None
        found = connection.execute(query, parameters)
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
