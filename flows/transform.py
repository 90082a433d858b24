"""dbt, run in this process: one call per layer, so that a flow can show and time each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

from flows import definition, own_models, replay
from flows.places import PROJECT, Places
from flows.replay import Node
from pipelines.connector import ConnectorError

KPIS = "marts.kpi"
HISTORY = "marts.history"
LAYERS = ("staging", "intermediate", "marts.core", KPIS, HISTORY)


class ModelsFailed(ConnectorError):
    """A model or a test failed: our fault, so nothing is published."""


@dataclass(frozen=True)
class LayerResult:
    """What dbt did for one layer."""

    layer: str
    seconds: float
    nodes: list[Node]

    @property
    def warnings(self) -> list[str]:
        """Tests that only warn, and what each found."""
        return [f"{node.name}: {node.message}" for node in self.nodes if node.status == "warn"]


def build(places: Places, layer: str, anew: bool = False) -> LayerResult:
    """Build and test one layer's models, incremental ones too `anew`.

    Raises `ModelsFailed` naming each failing node and dbt's reason.
    """
    started = monotonic()
    if layer == KPIS and anew:
        own_models.drop(places)
    nodes = replay.run(places, layer, anew)
    if nodes is None:
        nodes = _built_by_dbt(places, layer, anew)
    return LayerResult(layer, monotonic() - started, nodes)


def models_of(layer: str) -> set[str]:
    """The names of a layer's models."""
    return {path.stem for path in (PROJECT / "dbt_project" / "models" / layer.replace(".", "/")).glob("*.sql")}


def check(places: Places) -> None:
    """Have dbt read the business's own models, where it has not built them yet as they are; raises `ModelsFailed`."""
    if places.models and not any(replay.kept(places, KPIS, anew) for anew in (True, False)):
        with _dbt_environment(places):
            _read(places)


def _built_by_dbt(places: Places, layer: str, anew: bool) -> list[Node]:
    # Here, since a refresh that needs no dbt does not wait for its import either.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    # What was reported is kept last, when all tests of all figures have passed.
    selected = [layer, "resource_type:snapshot"] if layer == HISTORY else [layer]
    arguments = ["--quiet", "build", "--select", *selected, "--exclude-resource-type", "unit_test"]
    arguments += ["--full-refresh"] if anew else []
    # A test over several layers waits for the last of them.
    arguments += ["--indirect-selection", "buildable"]
    recorder = replay.Recorder()
    before = replay.relations(places)
    with _dbt_environment(places):
        manifest = _read(places)
        result = _invoked(arguments, places.dbt_target, places.dbt_project, manifest, recorder)
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # else the file stays locked
    if result.exception is not None:
        raise ModelsFailed(f"dbt could not run {layer}: {_told(result.exception, places)}")
    found = getattr(result.result, "results", [])
    nodes = [Node(r.node.name, str(r.status), r.execution_time, r.message or "") for r in found]
    if not result.success:
        raise ModelsFailed(f"dbt failed in {layer}; nothing was published.\n{_told(_failures(nodes), places)}")
    replay.keep(places, layer, anew, before, recorder.steps(found))
    return nodes


def _read(places: Places) -> Any:
    own_models.link(places)
    try:
        return _parsed(definition.of_project(places.models), places.dbt_target, places.dbt_project)
    except ModelsFailed as error:
        raise ModelsFailed(_told(error, places)) from None


@lru_cache(maxsize=1)
def _parsed(project: str, target: Path, folder: Path) -> Any:
    """What dbt knows of the project, which it reads once in a process for as long as the hash stays the same."""
    result = _invoked(["--quiet", "parse"], target, folder)
    if result.exception is not None:
        raise ModelsFailed(f"dbt could not read the models: {result.exception}")
    return result.result


def _invoked(arguments: list[str], target: Path, project: Path, manifest: Any = None, *callbacks: Any) -> Any:
    from dbt.cli.main import dbtRunner

    return dbtRunner(manifest, [*callbacks]).invoke(
        [
            *arguments,
            "--project-dir", str(project),
            "--profiles-dir", str(PROJECT),
            "--target-path", str(target),
            "--log-path", str(target), "--log-level-file", "info", "--log-level-file", "info",
        ]
    )  # fmt: skip


def _failures(nodes: list[Node]) -> str:
    return "\n".join(f"  {node.name}: {node.message}" for node in nodes if node.status in ("error", "fail"))


def _told(said: object, places: Places) -> str:
    """What dbt says; of the business's own models with their files where they lie, and with what to do."""
    told = str(said)
    if not places.models or not own_models.names_any(places.models, told):
        return told
    told = told.replace(str(own_models.PLACE), str(places.models))
    return f"{told}\nThe business's own models lie in {places.models}: correct or take out what is named, and refresh."


@contextmanager
def _dbt_environment(places: Places) -> Iterator[None]:
    """profiles.yml reads the warehouse's path from the environment, and a macro the business's own tables of KPIs."""
    said = {
        "PARCOURS_WAREHOUSE": str(places.warehouse),
        "PARCOURS_OWN_KPI_TABLES": " ".join(own_models.kpi_tables(places.models)),
    }
    before = {name: os.environ.get(name) for name in said}
    os.environ.update(said)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
