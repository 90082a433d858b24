"""What keeps a business's own models from being built beside ours, found before anything is loaded."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from flows import catalog, own_models, transform
from flows.places import PROJECT
from pipelines import mistakes
from pipelines.connector import ConnectorError
from pipelines.objectives import Stage

DBT = PROJECT / "dbt_project"
REF = re.compile(r"""\bref\(\s*['"](\w+)['"]""")
FIRST_POSITION = 1000  # ours come before, also those of later versions
GRAIN = {"grain": {"arguments": {"columns": ["grain", "period_start"]}}}  # the test that every table of KPIs has


class BadOwnModel(ConnectorError):
    """A model of the business's own cannot be built; the message names the file and what to do."""


class _Kpi(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stage: Stage
    position: int = Field(ge=FIRST_POSITION)
    label_fr: str = Field(min_length=1)
    label_en: str = Field(min_length=1)
    definition_fr: str = Field(min_length=1)
    synonyms: str = ""
    kind: Literal["additive", "ratio", "unique", "snapshot", "trailing", "distribution"] = Field(alias="class")
    numerator: str = Field("", pattern=r"^\w+$")
    denominator: str = Field("", pattern=r"^\w+$")
    days_of: Literal["business", "account", "mixed"]
    unit: Literal["count", "rate", "seconds", "days", "points", "per customer", "money"]
    good: Literal["up", "down"]
    cadence: Literal["daily", "weekly", "monthly"]
    effort: Literal["automatic", "file", "manual"] = "automatic"
    owner: str = ""
    parts: list[str] = Field(min_length=1)
    cohort_window: Literal["", "prospect_window_days", "upsell_window_days"] = ""

    @model_validator(mode="after")
    def _has_the_parts_of_its_class(self) -> Self:
        if {bool(self.numerator), bool(self.denominator)} != {self.kind == "ratio"}:
            raise ValueError("a ratio names the columns of its numerator and denominator, another class neither")
        return self


class _Meta(BaseModel):
    kpi: _Kpi | None = None


class _Config(BaseModel):
    meta: _Meta = _Meta()


class _Column(BaseModel):
    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    description: str = ""
    config: _Config = _Config()


class _Model(BaseModel):
    name: str
    columns: list[_Column] = []
    data_tests: list[Any] = []


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int = 2
    models: list[_Model] = []
    unit_tests: list[Any] = []


def check(models: Path | None) -> None:
    """Refuse models that cannot be built beside ours."""
    if wrong := list(faults(models)):
        raise BadOwnModel("\n".join(wrong))


def faults(models: Path | None) -> Iterator[str]:
    """All that is wrong, each with its file and what to do."""
    if models is None:
        return
    made: dict[str, Path] = {}
    for path in sorted(models.rglob("*.sql")):
        yield from (f"{path}: {said}" for said in _of_sql(path, made))
        made[path.stem] = path
    for path in sorted(models.rglob("*.py")):
        yield f"{path}: a model of the business's own is SQL: write it so, or take it out"
    taken = {kpi.kpi_id: "Parcours" for kpi in catalog.kpis()}
    positions: dict[int, str] = {}
    for path in own_models.files(models):
        if path.suffix in own_models.DESCRIBED:
            yield from (f"{path}: {said}" for said in _of_yaml(path, made, taken, positions))


def _of_sql(path: Path, made: dict[str, Path]) -> Iterator[str]:
    ours = {one.stem for one in DBT.rglob("*.sql")} | {one.stem for one in DBT.rglob("*.csv")}
    if not re.fullmatch("[a-z][a-z0-9_]*", path.stem):
        yield "its name is that of a table: name it by small letters, digits and _"
    if path.stem in ours:
        yield f"{path.stem} is a model of Parcours: give yours another name"
    if path.stem in made:
        yield f"{made[path.stem]} has the same name: give one of them another"
    late = {"kpi_versions", *transform.models_of(transform.HISTORY)}
    for name in sorted(late.intersection(REF.findall(path.read_text(encoding="utf-8")))):
        yield f"{name} is written when all models are: read it in the published file, not here"


def _of_yaml(path: Path, made: dict[str, Path], taken: dict[str, str], positions: dict[int, str]) -> Iterator[str]:
    try:
        said = _Described.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        yield f"is no valid YAML: {' '.join(str(error).split())}"
        return
    except ValidationError as error:
        yield from mistakes.lines(error, _Described)
        return
    for model in said.models:
        if model.name not in made:
            yield f"{model.name} has no {model.name}.sql beside the others: write it, or take this out"
        declared = [(column, column.config.meta.kpi) for column in model.columns if column.config.meta.kpi]
        if declared and GRAIN not in model.data_tests:
            yield f"{model.name} holds a KPI: give it the test {yaml.safe_dump(GRAIN, default_flow_style=True).strip()}"
        for column, kpi in declared:
            yield from (f"{column.name}: {one}" for one in _of_kpi(column, kpi, taken, positions))
            taken[column.name] = f"{model.name}"
            positions[kpi.position] = column.name


def _of_kpi(column: _Column, kpi: _Kpi, taken: dict[str, str], positions: dict[int, str]) -> Iterator[str]:
    if column.name in taken:
        yield f"{taken[column.name]} has a KPI of this name: give yours another"
    if not column.description:
        yield "has no description: say the formula in words"
    if kpi.position in positions:
        yield f"position {kpi.position} is that of {positions[kpi.position]}: give it another"
    known = catalog.parts()
    for part in kpi.parts:
        if part not in known:
            yield f"parts: {part} is none; {mistakes.meant(part, known) or 'known are: ' + ', '.join(known)}"
