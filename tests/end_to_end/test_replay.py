"""What dbt ran, run again without it: the same relations, rows, comments and results as dbt's own."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import replay, transform
from flows.places import Places
from tests.end_to_end.conftest import REFRESHES, Refreshed

SCHEMAS = ("staging", "intermediate", "marts", "history")


def built_without_dbt(places: Places, anew: bool, monkeypatch: pytest.MonkeyPatch) -> list[replay.Node]:
    monkeypatch.setattr(transform, "_built_by_dbt", lambda *_: pytest.fail("dbt was asked"))
    return [node for layer in transform.LAYERS for node in transform.build(places, layer, anew).nodes]


def relations(warehouse: Path) -> dict[str, Any]:
    """Each relation's columns with types and comments, its own comment, and its rows as one number.

    But for the log of builds itself, which has a line more after a build.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        found = connection.execute(
            "select schema_name || '.' || table_name, list((column_name, data_type, comment) order by column_index) "
            "from duckdb_columns() where schema_name in ? and table_name != 'stg_parcours__builds' group by 1",
            [SCHEMAS],
        ).fetchall()
        comments = connection.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables() where schema_name in ?", [SCHEMAS]
        ).fetchall()
        rows = {
            name: connection.execute(f"select count(*), sum(cast(hash(t) as hugeint)) from {name} as t").fetchone()
            for name, _ in found
        }
    return {name: (columns, rows[name]) for name, columns in found} | {f"comment of {one}": it for one, it in comments}


def bare(warehouse: Path, places: Places) -> duckdb.DuckDBPyConnection:
    """A copy without what dbt builds."""
    places.data.mkdir()
    shutil.copy(warehouse, places.warehouse)
    connection = duckdb.connect(str(places.warehouse))
    for schema in SCHEMAS:
        connection.execute(f"drop schema {schema} cascade")
    return connection


def test_a_first_build(refreshed: Refreshed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(tmp_path / "data")
    with bare(refreshed.after_first, places) as connection:
        connection.execute("delete from raw_parcours.builds")
    nodes = built_without_dbt(places, True, monkeypatch)
    assert len(nodes) == len({node.name for node in nodes}) > 340
    assert {node.status for node in nodes} <= {"success", "pass", "warn"}
    assert relations(places.warehouse) == relations(refreshed.after_first)


def test_a_next_build(refreshed: Refreshed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second refresh's raw tables under the models of the first."""
    places = Places(tmp_path / "data")
    with bare(refreshed.places.warehouse, places) as connection:
        connection.execute("delete from raw_parcours.builds where as_of = ?", [REFRESHES[1].as_of])
        connection.execute(f"attach '{refreshed.after_first}' as before (read_only)")
        for schema in SCHEMAS:
            connection.execute(f"create schema {schema}")
        for name, kind in connection.execute(
            "select table_schema || '.' || table_name, table_type from information_schema.tables "
            "where table_catalog = 'before' and table_schema in ?",
            [SCHEMAS],
        ).fetchall():
            connection.execute(
                f"create view {name} as select 1" if kind == "VIEW" else f"create table {name} as from before.{name}"
            )
    built_without_dbt(places, False, monkeypatch)
    assert relations(places.warehouse) == relations(refreshed.places.warehouse)
