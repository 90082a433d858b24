"""The models that the property tests run, compiled once."""

from pathlib import Path

import pytest

from tests.dbt_project.models import Models, compiled

NAMES = (
    *("int_days", "dim_period_days", "dim_periods"),
    *("fct_parts_by_period", "fct_answers_by_period", "fct_captures_by_period", "fct_web_by_period"),
    *("fct_buyers_by_period", "fct_weekly_customers_by_period", "fct_first_purchases_by_period"),
    *("kpi_engagement", "kpi_conversion"),
)


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it has parsed, so that it parses once."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="session")
def models(dbt_target: Path) -> Models:
    return compiled(NAMES, dbt_target)
