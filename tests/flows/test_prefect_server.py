"""Prefect's server of a command: it answers in time, keeps to the data directory, and ends with the command."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from flows.places import Places
from flows.prefect_server import LARGEST_BYTES, used

PROJECT = Path(__file__).parent.parent.parent
COMMAND = """
import sys
from pathlib import Path
from flows import prefect_server
from flows.places import Places
places = Places(Path(sys.argv[1]))
prefect_server.start(places)
from prefect import flow
from prefect.settings import PREFECT_API_URL
@flow
def hello():
    return 7
with prefect_server.used(places):
    assert hello() == 7
    print(PREFECT_API_URL.value())
"""


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.ConnectError:
        return False


def test_a_command_has_one_of_its_own_and_leaves_none(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    run = [sys.executable, "-c", COMMAND, str(tmp_path)]
    url = subprocess.run(run, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert url.startswith("http://127.0.0.1:")
    assert (tmp_path / "prefect" / "prefect.db").exists()
    assert not answers(url.strip())


def test_a_server_of_the_business_is_used(
    prefect_server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    assert url
    monkeypatch.setattr("flows.prefect_server._own", lambda _: pytest.fail("a second one was started"))
    with used(Places(tmp_path)):
        assert PREFECT_API_URL.value() == url
        assert answers(url)


def test_a_database_that_has_grown_large_is_begun_anew(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    database = tmp_path / "prefect" / "prefect.db"
    database.parent.mkdir()
    database.touch()
    os.truncate(database, LARGEST_BYTES + 1)
    subprocess.run([sys.executable, "-c", COMMAND, str(tmp_path)], cwd=PROJECT, env=environment, check=True)
    assert 0 < database.stat().st_size < LARGEST_BYTES
