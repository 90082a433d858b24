"""The models that the property tests run, compiled once."""

from pathlib import Path

import pytest

from tests.dbt_project.models import Models, compiled

OBJECTIVES = (  # in the order in which they are built
    *("stg_parcours__stages", "stg_parcours__annotations", "stg_parcours__objectives"),
    *("stg_parcours__objective_reviews", "int_stages", "int_annotations", "int_objectives", "int_objective_reviews"),
    *("dim_stages", "objectives", "objective_kpis", "objective_reviews"),
    *("kpi_catalog", "kpi_targets", "kpi_scorecard", "annotations"),
)
NAMES = (
    *("int_days", "dim_period_days", "dim_periods"),
    *("fct_parts_by_period", "fct_answers_by_period", "fct_captures_by_period", "fct_web_by_period"),
    *("fct_buyers_by_period", "fct_weekly_customers_by_period", "fct_first_purchases_by_period"),
    *("kpi_engagement", "kpi_conversion"),
    *OBJECTIVES,
)


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it has parsed, so that it parses once."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="session")
def models(dbt_target: Path) -> Models:
    return compiled(NAMES, dbt_target)
