"""What every test starts from: an identity key, short waits, nothing sent anywhere."""

import os

import pytest

os.environ["PARCOURS_IDENTITY_KEY"] = "a-key-for-tests-only-0123456789"
os.environ["PARCOURS_RETRY_PATIENCE"] = "0.01"
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
os.environ.pop("COLUMNS", None)  # output as a pipe gets it, whatever the terminal


@pytest.fixture(scope="session", autouse=True)
def _one_dbt_target(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What dbt made of the models serves all installations of a run."""
    os.environ["PARCOURS_DBT_TARGET"] = str(tmp_path_factory.mktemp("dbt"))
