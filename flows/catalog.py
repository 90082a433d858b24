"""The KPIs as they are declared beside their columns, in the YAML of the stage tables and of the business's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from flows import own_models
from flows.places import PROJECT

STAGES = {  # their names in French and English
    "awareness": ("Notoriété", "Awareness"),
    "engagement": ("Engagement", "Engagement"),
    "capture": ("Capture", "Capture"),
    "conversion": ("Conversion", "Conversion"),
    "experience": ("Expérience", "Experience"),
    "ascension": ("Ascension", "Ascension"),
    "fan": ("Fan", "Fan"),
    "ambassador": ("Ambassadeur", "Ambassador"),
    "levers": ("Leviers", "Levers"),
}
MODELS = PROJECT / "dbt_project" / "models" / "marts" / "kpi"
PARTS = PROJECT / "dbt_project" / "seeds" / "staging" / "part_entities.csv"


@dataclass(frozen=True)
class Kpi:
    """One KPI of the catalogue: its id, the stage that it is shown in, its definition and what else is declared."""

    kpi_id: str
    stage: str
    definition: str
    declared: dict[str, Any]


def kpis(models: Path | None = None) -> tuple[Kpi, ...]:
    """All KPIs, those of the business's own `models` too, in the order in which they are shown."""
    own = (kpi for table in own_models.described(models) for kpi in _of(table, "")) if models else ()
    return tuple(sorted((*_ours(), *own), key=lambda kpi: int(kpi.declared["position"])))


@cache
def parts() -> tuple[str, ...]:
    """What a KPI can be made of."""
    lines = PARTS.read_text(encoding="utf-8").splitlines()[1:]
    return tuple(dict.fromkeys(line.split(",")[0] for line in lines))


@cache
def _ours() -> tuple[Kpi, ...]:
    texts = ((stage, (MODELS / f"kpi_{stage}.yml").read_text(encoding="utf-8")) for stage in STAGES)
    return tuple(kpi for stage, text in texts for kpi in _of(yaml.safe_load(text)["models"][0], stage))


def _of(table: dict[str, Any], stage: str) -> Iterator[Kpi]:
    """The KPIs among a table's columns; one of a business's own table names its stage."""
    for column in table.get("columns", ()):
        if declared := column.get("config", {}).get("meta", {}).get("kpi"):
            yield Kpi(column["name"], declared.get("stage", stage), column.get("description", ""), declared)
