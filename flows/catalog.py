"""The KPIs as they are declared beside their columns, in the stage tables' YAML."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

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


@dataclass(frozen=True)
class Kpi:
    """One KPI of the catalogue: its id, the stage that it is shown in, its definition and what else is declared."""

    kpi_id: str
    stage: str
    definition: str
    declared: dict[str, Any]


@cache
def kpis() -> tuple[Kpi, ...]:
    """All KPIs, in the order in which they are shown."""
    found = []
    for stage in STAGES:
        text = (MODELS / f"kpi_{stage}.yml").read_text(encoding="utf-8")
        for column in yaml.safe_load(text)["models"][0]["columns"]:
            declared = column.get("config", {}).get("meta", {}).get("kpi")
            if declared:
                found.append(Kpi(column["name"], stage, column["description"], declared))
    return tuple(sorted(found, key=lambda kpi: int(kpi.declared["position"])))
