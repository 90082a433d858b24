"""Reads the published file as any reader does: attached read-only, whatever refresh replaces it meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.connector import ConnectorError
from pipelines.sql import literal

Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]  # a query and its parameters


class Unreadable(ConnectorError):
    """The published file is no DuckDB file, or not for this user."""


class PublishedBefore(ConnectorError):
    """The published file is of a version that lacked what is asked for."""


@contextmanager
def opened(marts: Path) -> Iterator[Ask]:
    """Answers queries over the tables of `marts`, times in UTC, all from the same published state."""
    if not marts.exists():
        raise ConnectorError(f"{marts} does not exist yet. Make it: parcours refresh (or try: parcours demo).")
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        try:
            connection.execute(f"attach {literal(marts)} as marts (read_only)")
        except duckdb.Error:
            raise Unreadable(f"{marts} is damaged or cannot be read. Publish it anew: parcours refresh") from None

        def ask(query: str, parameters: dict[str, Any] | None = None) -> Rows:
            try:
                found = connection.execute(query, parameters)
            except (duckdb.BinderException, duckdb.CatalogException):
                said = f"{marts} was published by an older version and lacks what is asked for."
                raise PublishedBefore(f"{said} Publish it anew: parcours refresh") from None
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        yield ask


def read(marts: Path, query: str, parameters: dict[str, Any] | None = None) -> Rows:
    """The rows of one query."""
    with opened(marts) as ask:
        return ask(query, parameters)
