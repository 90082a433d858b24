"""`deploy/`: what it names is there and is the lock's; what compose starts, started by hand, refreshes."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import httpx
import pytest
import yaml

from app.deployment import asked
from pipelines.connector import ConnectorError
from sandbox.events import Person, Review, World
from sandbox.server import running
from sandbox.vendors.trustpilot import UNIT
from tests.app.commands import BUSINESS, PROJECT
from tests.app.test_serving import until
from tests.listening import free_port, is_answering
from tests.postgresql import PASSWORD, postgres

DEPLOY = PROJECT / "deploy"
BIN = PROJECT / ".venv" / "bin"
ZONE = "America/New_York"  # not this machine's
SETTINGS = f"""
[business]
name = "Ada"
time_zone = "{ZONE}"
history_start = {{first}}
[sources.trustpilot]
business_unit = "{UNIT}"
"""


def locked(package: str) -> str:
    packages = tomllib.loads((PROJECT / "uv.lock").read_text())["package"]
    [version] = [one["version"] for one in packages if one["name"] == package]
    return str(version)


def test_the_deployment_is_made_of_what_is_there() -> None:
    from prefect.flows import load_flow_from_entrypoint

    said = yaml.safe_load((DEPLOY / "prefect.yaml").read_text())
    [deployment] = said["deployments"]
    assert said["prefect-version"] == locked("prefect")
    flow: Any = load_flow_from_entrypoint(str(PROJECT / deployment["entrypoint"]))
    assert set(flow.parameters.properties) == set(deployment["parameters"])
    assert deployment["concurrency_limit"]["limit"] == 1
    worker = services()["worker"]["command"]
    assert worker[worker.index("--pool") + 1] == deployment["work_pool"]["name"]


def test_the_business_says_when_and_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "parcours.toml"
    path.write_text(SETTINGS.format(first="2026-03-02"))
    (tmp_path / ".env").touch(mode=0o600)
    (tmp_path / ".env").write_text("SOURCES__TRUSTPILOT__API_KEY=k\n")
    monkeypatch.setenv("PARCOURS_SETTINGS", str(path))
    monkeypatch.setenv("SOURCES__TRUSTPILOT__API_KEY", "")  # so that what is read into it is undone
    monkeypatch.delenv("SOURCES__TRUSTPILOT__API_KEY")
    assert asked("05:30") == {
        "settings": str(path),
        "data": str(tmp_path / "data"),
        "cron": "30 5 * * *",
        "zone": ZONE,
    }
    path.write_text(BUSINESS)
    with pytest.raises(ConnectorError, match="No source is connected"):
        asked("05:30")


def test_the_image_is_built_as_the_clone_is() -> None:
    makefile, dockerfile = (PROJECT / "Makefile").read_text(), (DEPLOY / "Dockerfile").read_text()
    [uv] = [line.split(" := ")[1] for line in makefile.splitlines() if line.startswith("UV_VERSION")]
    assert f" uv=={uv}\n" in dockerfile
    *_, user, _ = dockerfile.splitlines()
    assert user == "USER 1000:1000"
    taken = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [name for name in taken if not (PROJECT / name).exists()] == []
    packages = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(packages["packages"]) | {"dbt_project", "dashboard", "hatch_build.py", "uv.lock"} <= set(taken)


def test_what_compose_leaves_open_is_in_the_example() -> None:
    left_open = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    example = set(re.findall(r"(?m)^(\w+)=", (DEPLOY / ".env.example").read_text()))
    assert example - left_open == {"COMPOSE_PROJECT_NAME"}
    assert left_open <= example


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="compose is not here")
def test_compose_takes_the_file() -> None:
    told = os.environ | {"POSTGRES_PASSWORD": "a$b", "PARCOURS_BUSINESS": "/srv/ada"}
    command = ["docker-compose", "--file", str(DEPLOY / "compose.yaml"), "config"]
    taken = subprocess.run(command, env=told, capture_output=True, text=True)
    assert taken.returncode == 0, taken.stderr
    assert "/srv/ada:/business:rw" in taken.stdout


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_that_the_server_schedules_publishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(ZoneInfo(ZONE))
    first = now.date() - timedelta(days=5)
    settings, data = tmp_path / "parcours.toml", tmp_path / "data"
    settings.write_text(SETTINGS.format(first=first))
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    with postgres("prefect") as port, running(world(now), datetime.now(UTC), only=["trustpilot"]) as vendors:
        for name, value in vendors.environment().items():
            monkeypatch.setenv(name, value)
        server_port = free_port()
        api = f"http://127.0.0.1:{server_port}/api"
        settled = {"PREFECT_HOME": str(tmp_path / "prefect"), "PARCOURS_SETTINGS": str(settings)}
        stored = {"HOST": "127.0.0.1", "PORT": str(port), "PASSWORD": PASSWORD}
        at_server = settled | {f"PREFECT_SERVER_DATABASE_{name}": value for name, value in stored.items()}
        health_port = free_port()
        at_worker = settled | {"PREFECT_API_URL": api, "PREFECT_WORKER_WEBSERVER_PORT": str(health_port)}
        with process("server", at_server, tmp_path, "--port", str(server_port)):
            with process("worker", at_worker, tmp_path, after=f"{api}/health"):
                until(lambda: httpx.get(f"{api}/work_pools/parcours").status_code == 200, 120)
                at = datetime.now(ZoneInfo(ZONE)) + timedelta(minutes=2)
                deployment = tmp_path / "prefect.yaml"
                wanted = (DEPLOY / "prefect.yaml").read_text()
                assert wanted.count('"06:00"') == 1
                deployment.write_text(wanted.replace('"06:00"', f'"{at:%H:%M}"'))
                deploy = [str(BIN / "prefect"), "--no-prompt", "deploy", "--all", "--prefect-file", str(deployment)]
                done = subprocess.run(deploy, cwd=PROJECT, env=os.environ | at_worker, capture_output=True, text=True)
                assert done.returncode == 0, done.stdout + done.stderr
                runs = data / "runs.jsonl"
                until(runs.exists, 480)
                until(lambda: completed(api) == [at.replace(second=0, microsecond=0)], 60)
                assert is_answering(f"http://127.0.0.1:{health_port}/health")
            # While no worker is there two mornings are missed; the next one makes up for them, one after the other.
            [daily] = httpx.post(f"{api}/deployments/filter", json={}).json()
            for _ in range(2):
                httpx.post(f"{api}/deployments/{daily['id']}/create_flow_run", json={}).raise_for_status()
            until(lambda: len(in_state(api, daily, "Late")) == 2, 120)
            with process("worker", at_worker, tmp_path, after=f"{api}/health"):
                until(lambda: len(in_state(api, daily, "Completed")) == 3, 480)
            _, (_, ended), (began, _) = in_state(api, daily, "Completed")
            assert ended <= began
    assert "telemetry" not in (tmp_path / "server.log").read_text()
    last = json.loads(runs.read_text().splitlines()[-1])
    assert len(runs.read_text().splitlines()) == 3
    assert (last["exit_code"], [one["source"] for one in last["sources"]]) == (0, ["trustpilot"])
    with duckdb.connect(str(data / "marts.duckdb"), read_only=True) as marts:
        [reviews] = marts.execute("select sum(customer_reviews) from kpi_fan where grain = 'day'").fetchall()
    assert reviews == (3,)


def world(now: datetime) -> World:
    """Three reviews on two whole days, and one that is taken back."""
    noon = now.replace(hour=12)
    days = {"a": 3, "b": 3, "c": 2, "gone": 2}
    return World(
        now.date() - timedelta(days=5),
        now.date(),
        people=[Person(1, "ada@mail.example", (), "Augusta", "Byron", "", "", "FR")],
        reviews=[
            Review(key, 1, noon - timedelta(days=ago), 5, "Bien", noon - timedelta(days=1) if key == "gone" else None)
            for key, ago in days.items()
        ],
    )


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return found


def completed(api: str) -> list[datetime]:
    """When the finished runs had been scheduled for."""
    wanted = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}, "tags": {"all_": ["auto-scheduled"]}}}
    found = httpx.post(f"{api}/flow_runs/filter", json=wanted).json()
    return [datetime.fromisoformat(one["expected_start_time"]) for one in found]


def in_state(api: str, deployment: dict[str, Any], name: str) -> list[tuple[str, str]]:
    """When its runs in this state began and ended, in order."""
    wanted = {"deployments": {"id": {"any_": [deployment["id"]]}}, "flow_runs": {"state": {"name": {"any_": [name]}}}}
    found = httpx.post(f"{api}/flow_runs/filter", json=wanted).json()
    return sorted((one["start_time"] or "", one["end_time"] or "") for one in found)


@contextmanager
def process(name: str, told: dict[str, str], folder: Path, *arguments: str, after: str = "") -> Iterator[None]:
    """What compose starts under this name, until the block ends; begun once what it comes after answers."""
    if after:
        until(lambda: is_answering(after), 240)
    service = services()[name]
    program, *rest = service["command"]
    with (folder / f"{name}.log").open("wb") as said:
        child = subprocess.Popen(
            [str(BIN / program), *rest, *arguments],
            cwd=PROJECT, env=os.environ | service["environment"] | told, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield
    finally:
        child.terminate()  # as containers are ended: who does not go is killed; Prefect's worker at times only waits
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
