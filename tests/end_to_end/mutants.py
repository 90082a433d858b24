"""Deliberate mistakes in models and connectors, made on copies, and which KPIs and grains they turn red."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from flows import replay, transform
from flows.places import PROJECT, Places
from pipelines.connector import Connector
from pipelines.load import load
from pipelines.plan import Asked
from sandbox.truth import Key, Value
from tests.aiming import aimed
from tests.end_to_end.comparison import Difference, compare, published_values
from tests.end_to_end.conftest import REFRESHES, Refreshed

Pages = Callable[..., Iterator[list[dict[str, Any]]]]


@dataclass(frozen=True)
class ModelMutant:
    """One text of the dbt project in another's place, and the models to build again, with all that follows them."""

    path: str
    right: str
    wrong: str
    select: str


def mutate(mutant: ModelMutant, folder: Path) -> Path:
    """A copy of the dbt project with the mistake in it."""
    project = folder / "dbt_project"
    shutil.copytree(PROJECT / "dbt_project", project)
    model = project / mutant.path
    text = model.read_text()
    assert text.count(mutant.right) == 1, f"{mutant.path} holds {text.count(mutant.right)} times: {mutant.right}"
    model.write_text(text.replace(mutant.right, mutant.wrong))
    return project


def rebuild(warehouse: Path, project: Path, select: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build models without their tests, which would find some of the mistakes first.

    The warehouse has the same name for all mutants, so that dbt reads again only what differs between them.
    """
    monkeypatch.chdir(warehouse.parent)
    monkeypatch.setenv("PARCOURS_WAREHOUSE", warehouse.name)
    target = os.environ["PARCOURS_DBT_TARGET"] + "-of-mutants"
    result = dbtRunner().invoke(
        [
            "--quiet", "run", "--full-refresh", "--select", select,
            "--project-dir", str(project), "--profiles-dir", str(PROJECT),
            "--target-path", target, "--log-path", target,
        ]
    )  # fmt: skip
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    assert result.success, result.exception or [node.message for node in getattr(result.result, "results", [])]


def rebuild_as_defined(places: Places, warehouse: Path) -> None:
    """The models without a mistake over other raw tables: what dbt ran for them, again without their tests."""
    with duckdb.connect(str(warehouse)) as connection:
        for schema in ("intermediate", "marts"):
            connection.execute(f"drop schema {schema} cascade")
        for layer in transform.LAYERS:
            for step in replay.kept(places, layer, anew=True):
                if step.relation.startswith(("intermediate.", "marts.")) or not step.name:
                    for statement in step.statements:
                        connection.execute(statement)


def reload(connector: Connector, refreshed: Refreshed, warehouse: Path) -> None:
    """The last refresh's load of one source once more, from what the first refresh had left of that source."""
    _forget_last_load(connector.name, warehouse, refreshed.after_first)
    last, business = REFRESHES[-1], refreshed.settings.business
    refreshed.vendors.set_clock(last.as_of)
    asked = Asked(last.through, last.as_of, business.zone, business.history_start, deep_every_days=0)
    with aimed(refreshed.vendors):
        load(connector, refreshed.settings.sources[connector.name], warehouse, warehouse.parent / "dlt", asked)


def _forget_last_load(source: str, warehouse: Path, after_first: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"attach '{after_first}' as first (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'first' and schema_name = ?",
            [f"raw_{source}"],
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"delete from raw_{source}.{table}")
            connection.execute(f"insert into raw_{source}.{table} by name from first.raw_{source}.{table}")
        for table in ("loads", "slices"):
            connection.execute(f"delete from raw_parcours.{table} where source = ?", [source])
            connection.execute(
                f"insert into raw_parcours.{table} by name from first.raw_parcours.{table} where source = ?", [source]
            )


def without_last_page(pages: Pages, name: str) -> Pages:
    """The method that reads a list page by page, losing the last page of every list of that name."""

    def shortened(self: Any, *path: Any, **asked: Any) -> Iterator[list[dict[str, Any]]]:
        found = list(pages(self, *path, **asked))
        yield from found[:-1] if name in path else found

    return shortened


def differences(warehouse: Path, true: Mapping[Key, Value]) -> list[Difference]:
    """Where the marts of a warehouse are not what the events say."""
    return compare(published_values(warehouse, schema="marts"), true)[0]


def red(found: list[Difference]) -> set[str]:
    """The KPIs and grains that turned red, as `kpi by grain`."""
    return {f"{difference.kpi_id} by {difference.grain}" for difference in found}


def by(grains: tuple[str, ...], *kpis: str) -> set[str]:
    """Each of the KPIs by each of the grains."""
    return {f"{kpi} by {grain}" for kpi in kpis for grain in grains}
