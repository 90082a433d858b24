"""What every test starts from: an identity key, short waits, nothing sent anywhere."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

LONG = "tests/end_to_end/"
REFRESHED = {  # the files that look at the refreshed business, which each process would make for itself
    LONG + path.name
    for path in Path(__file__).with_name("end_to_end").glob("test_*.py")
    if re.search(r"(?m)^from tests\.end_to_end\.conftest import .*\bRefreshed\b", path.read_text(encoding="utf-8"))
}

os.environ["PARCOURS_IDENTITY_KEY"] = "a-key-for-tests-only-0123456789"
os.environ["PARCOURS_RETRY_PATIENCE"] = "0.01"
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
os.environ.pop("COLUMNS", None)  # output as a pipe gets it, whatever the terminal
# A property holds or not, however long a busy machine takes to draw an example.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """One Prefect server for all refreshes of a process: to start one takes as long as a small refresh."""
    from prefect.testing.utilities import prefect_test_harness

    from flows.prefect_server import STARTS_WITHIN_SECONDS

    with prefect_test_harness(server_startup_timeout=STARTS_WITHIN_SECONDS):
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_dbt_target(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What dbt made of the models serves all installations of a process, and what it ran those of all processes."""
    target = tmp_path_factory.mktemp("dbt")
    os.environ["PARCOURS_DBT_TARGET"] = str(target)
    if "PYTEST_XDIST_WORKER" in os.environ:
        ran = tmp_path_factory.getbasetemp().parent / "ran"
        ran.mkdir(exist_ok=True)
        (target / "ran").symlink_to(ran)


class Rooms(LoadFileScheduling):  # type: ignore[misc]  # xdist tells no types
    """Gives a process one file after the other, and all files that rest on the refreshed business to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "refreshed" if file in REFRESHED else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Rooms:
    """How tests are shared between processes."""
    return Rooms(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes goes first, so that no process ends long before the other.

    One process begins with the refreshed business, for which dbt runs; the other with what needs none of that.
    """
    items.sort(key=lambda item: _turn(item.nodeid))


def _turn(nodeid: str) -> int:
    file = nodeid.split("::")[0]
    if file in REFRESHED:
        return 0
    return 2 if file.startswith(LONG) else 3 if file.startswith("tests/pipelines/") else 1
