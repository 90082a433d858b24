"""The business's own KPIs and models: SQL and YAML in `models` beside its settings, which an update leaves alone.

A copy of the dbt project, made of links, holds them beside ours: dbt reads one project, and writes what it compiles to
where a model lies in it.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from flows.places import PROJECT, Places
from pipelines import load_log

SCHEMA = "own"
PLACE = Path("models/marts/kpi/own")  # in that project: they are built with the KPIs
DESCRIBED = (".yml", ".yaml")
KINDS = (".sql", ".md", *DESCRIBED)


def files(models: Path) -> list[Path]:
    """What the models are made of: SQL, YAML and texts."""
    return sorted(path for path in models.rglob("*") if path.suffix in KINDS)


def described(models: Path) -> Iterator[dict[str, Any]]:
    """What the YAML says of each model."""
    for path in files(models):
        if path.suffix in DESCRIBED:
            yield from (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", ())


def kpi_tables(models: Path | None) -> list[str]:
    """The models that hold a KPI."""
    tables = described(models) if models else ()
    return [
        one["name"]
        for one in tables
        if any("kpi" in column.get("config", {}).get("meta", {}) for column in one.get("columns", ()))
    ]


def names_any(models: Path, said: str) -> bool:
    """Whether what is said names one of the models or of their columns."""
    columns = (column["name"] for table in described(models) for column in table.get("columns", ()))
    named = {*(path.stem for path in files(models)), *columns} - {"grain", "period_start"}
    return any(re.search(rf"\b{re.escape(name)}\b", said) for name in named)


def link(places: Places) -> None:
    """Make the project with both anew, where the business has its own; by file, since dbt enters no linked folder."""
    if not places.models:
        return
    shutil.rmtree(places.dbt_project, ignore_errors=True)
    shutil.copytree(PROJECT / "dbt_project", places.dbt_project, copy_function=os.symlink)
    for path in files(places.models):
        linked = places.dbt_project / PLACE / path.relative_to(places.models)
        linked.parent.mkdir(parents=True, exist_ok=True)
        linked.symlink_to(path)


def drop(places: Places) -> None:
    """What was built by another definition goes, since a model may be no more; dbt builds all of them anew."""
    with load_log.connect(places.warehouse) as connection:
        connection.execute(f"drop schema if exists {SCHEMA} cascade")
