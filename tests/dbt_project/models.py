"""The project's own SQL, compiled by dbt once, for tests that run single models on rows of their own in DuckDB."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from flows.places import PROJECT

Rows = Sequence[tuple[Any, ...]]
Columns = Mapping[str, Any]  # name → Arrow type


@dataclass(frozen=True)
class Models:
    """Compiled models by name, and the database in which they are run."""

    sql: dict[str, str]
    schemas: dict[str, str]
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def given(self, table: str, columns: Columns, rows: Rows) -> None:
        """Make a table of rows, in place of the model of that name."""
        arrays = [
            pa.array([row[number] for row in rows], data_type) for number, data_type in enumerate(columns.values())
        ]
        self.connection.register("given", pa.table(arrays, names=list(columns)))
        self.connection.execute(f"create or replace table {table} as select * from given")
        self.connection.unregister("given")

    def built(self, *names: str) -> None:
        """Build models from their compiled SQL, in this order."""
        for name in names:
            self.connection.execute(f"create or replace table {self.schemas[name]}.{name} as {self.sql[name]}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        return self.connection.execute(query).fetchall()


def compiled(names: Iterable[str], folder: Path) -> Models:
    """The models as dbt compiles them for an empty database."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PARCOURS_WAREHOUSE", ":memory:")
        nodes = _compile("--select", *names, folder=folder)
    models = Models({name: nodes[name].compiled_code for name in names}, {name: nodes[name].schema for name in names})
    models.connection.execute("set timezone = 'UTC'")
    for schema in ("raw_parcours", "staging", "intermediate", "marts"):
        models.connection.execute(f"create schema {schema}")
    return models


def expression(text: str, folder: Path) -> str:
    """An expression with its macros filled in."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PARCOURS_WAREHOUSE", ":memory:")
        nodes = _compile("--inline", text, folder=folder)
    return str(nodes["inline_query"].compiled_code)


def _compile(*what: str, folder: Path) -> dict[str, Any]:
    result = dbtRunner().invoke(
        [
            "--quiet", "compile", *what,
            "--project-dir", str(PROJECT / "dbt_project"), "--profiles-dir", str(PROJECT),
            "--target-path", str(folder), "--log-path", str(folder),
        ]
    )  # fmt: skip
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    assert result.success, result.exception
    return {one.node.name: one.node for one in getattr(result.result, "results", [])}
