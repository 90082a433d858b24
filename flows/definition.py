"""What the figures are defined by: the models and the settings. When its hash changes, so may every value."""

import json
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flows import own_models
from flows.places import PROJECT, Places
from pipelines import load_log
from pipelines.settings import Settings

PARTS = ("models", "macros", "seeds")
# What only says how and how often to ask, whose rows are known, or what is wanted of a figure, shapes none.
OPERATIONAL = (
    *("name", "source_minutes", "deep_reread_every_days", "deep_reread_days", "published"),
    *("dashboard", "alerts", "privacy", "objectives", "annotations"),
)


def definition(settings: Settings) -> str:
    """One hash over all models, the business's own too, macros and seeds, and over what the settings say."""
    said = _shaping(settings.model_dump(mode="json"))
    return _hash(json.dumps(said, sort_keys=True), _files(PARTS), settings.models)


def of_project(models: Path | None = None) -> str:
    """One hash over all that dbt's statements are made of: the whole project, where it lies, and the programs.

    `models` are the business's own.
    """
    programs = [version(one) for one in ("dbt-core", "dbt-duckdb", "duckdb")]
    files = [PROJECT / "profiles.yml", *_files((*PARTS, "tests", "snapshots"))]
    return _hash(str([PROJECT, *programs]), files, models)


def _hash(said: str, paths: Iterable[Path], models: Path | None) -> str:
    """One hash over a text and over files, by their names and contents; the business may move its own."""
    found = sha256(said.encode())
    named = [(path.relative_to(PROJECT), path) for path in paths]
    if models:
        named += [(path.relative_to(models), path) for path in own_models.files(models)]
    for name, path in named:
        found.update(name.as_posix().encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _files(parts: tuple[str, ...]) -> list[Path]:
    project = PROJECT / "dbt_project"
    return [project / "dbt_project.yml", *(one for part in parts for one in sorted((project / part).rglob("*.*")))]


def _shaping(said: Any) -> Any:
    """The settings without what shapes no figure, such as the rows of a page."""
    if not isinstance(said, dict):
        return said
    return {key: _shaping(value) for key, value in said.items() if key not in OPERATIONAL and not key.endswith("_rows")}


def is_anew(places: Places, defined: str) -> bool:
    """Whether incremental models are to be built anew: by another definition, or over what a killed load left.

    Until all are built the last build counts for nothing: one that fails half-way is followed by a whole one.
    """
    with load_log.connect(places.warehouse) as connection:
        last = connection.execute("select definition from raw_parcours.builds order by as_of desc limit 1").fetchone()
        unfinished = connection.execute("select 1 from raw_parcours.loading").fetchone()
        anew = last is None or last[0] != defined or unfinished is not None
        if anew:
            connection.execute("delete from raw_parcours.builds")
    return anew


def keep_build(places: Places, defined: str, as_of: datetime) -> None:
    """All models are built as of this instant; what changes later is what incremental models read next time."""
    with load_log.connect(places.warehouse) as connection:
        connection.execute("delete from raw_parcours.builds where as_of = ?", [as_of])
        connection.execute("insert into raw_parcours.builds values (?, ?)", [as_of, defined])
