"""What the catalogue declares agrees with what feeds each KPI."""

import csv

import pytest

from flows.catalog import Kpi, kpis
from flows.places import PROJECT

# Entities that vendors count by day (or longer period) of an account's own zone; all others are instants and captures.
COUNTED_BY_ACCOUNT_DAYS = {"web", "items", "spend", "ad_days"}


def days_of_parts(kpi: Kpi) -> set[str]:
    """Whose days the entities have that feed the KPI's parts."""
    seed = (PROJECT / "dbt_project" / "seeds" / "staging" / "part_entities.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(seed.splitlines()) if row["role"] == "feeds"]
    entities = {row["entity"] for row in rows if row["part"] in kpi.declared["parts"]}
    assert entities, kpi.kpi_id
    return {"account" if entity in COUNTED_BY_ACCOUNT_DAYS else "business" for entity in entities}


@pytest.mark.parametrize("kpi", kpis(), ids=lambda kpi: kpi.kpi_id)
def test_a_kpi_declares_whose_days_its_parts_have(kpi: Kpi) -> None:
    days_of = days_of_parts(kpi)
    expected = "mixed" if len(days_of) == 2 else days_of.pop()
    assert kpi.declared["days_of"] == ("as chosen" if kpi.kpi_id == "north_star" else expected)
