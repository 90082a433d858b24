"""`parcours serve`: when a refresh is due at once, and a scheduled one that outlives a crash of Prefect's server."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep
from zoneinfo import ZoneInfo

import httpx
import pytest

from app.serving import is_due
from tests.app.commands import PROJECT
from tests.app.small_runs import RUN, write_runs
from tests.listening import is_answering

HEALTH = "http://127.0.0.1:4397/api/health"

PARIS = ZoneInfo("Europe/Paris")
SETTINGS = """
[business]
name = "Ada"
history_start = 2026-11-01
[sources.files.feeds.spend]
entity = "spend"
location = "spend.csv"
[sources.files.feeds.spend.columns]
date_day = "day"
channel = "channel"
amount = "amount"
currency = "currency"
"""


@pytest.mark.parametrize(
    ("began", "now", "due"),
    [
        ([], "2026-03-28 05:00", True),
        (["2026-03-27 06:00"], "2026-03-28 05:59", False),
        (["2026-03-27 06:00"], "2026-03-28 06:00", True),
        (["2026-03-28 06:00", "2026-03-27 06:00"], "2026-03-29 05:59", False),
        (["2026-03-28 05:59"], "2026-03-29 05:59", True),  # the clock was put forward in between
    ],
)
def test_a_refresh_is_due_where_none_has_published_since_the_last_time_of_day(
    began: list[str], now: str, due: bool
) -> None:
    published = [datetime.fromisoformat(one).replace(tzinfo=PARIS) for one in began]
    assert is_due(published, time(6), datetime.fromisoformat(now).replace(tzinfo=PARIS)) is due


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_scheduled_refresh_publishes_though_the_server_crashed_before(tmp_path: Path) -> None:
    (tmp_path / "parcours.toml").write_text(SETTINGS)
    (tmp_path / "spend.csv").write_text("day,channel,amount,currency\n2026-11-05,radio,50,EUR\n")
    (tmp_path / "data").mkdir()
    now = datetime.now(PARIS)
    write_runs(tmp_path / "data", RUN | {"started_at": now.isoformat()})  # so that none is due at once
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    at = (now + timedelta(minutes=4)).strftime("%H:%M")
    command = [str(PROJECT / ".venv" / "bin" / "parcours"), "serve", "--at", at, "--port", "4397"]
    with (tmp_path / "said.txt").open("wb") as said:
        serving = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=said, stderr=subprocess.STDOUT)
        try:
            until(lambda: f"every day at {at} in Europe/Paris" in (tmp_path / "said.txt").read_text(), 180)
            until(lambda: flow_runs("SCHEDULED") >= 1, 120)
            [server] = [pid for pid in children(serving.pid) if b"uvicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            os.kill(server, signal.SIGKILL)
            until(lambda: is_answering(HEALTH), 120)
            runs = tmp_path / "data" / "runs.jsonl"
            until(lambda: len(runs.read_text().splitlines()) == 2, 600)
            until(lambda: flow_runs("COMPLETED") >= 1, 60)
        finally:
            serving.terminate()
            assert serving.wait(60) is not None
    last = json.loads(runs.read_text().splitlines()[-1])
    assert (last["exit_code"], [one["source"] for one in last["sources"]]) == (0, ["files"])
    assert (tmp_path / "data" / "marts.duckdb").exists()
    until(lambda: not is_answering(HEALTH), 10)


def until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = monotonic() + seconds
    while not is_so():
        assert monotonic() < deadline
        sleep(1)


def children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def flow_runs(state: str) -> int:
    asked = {"flow_runs": {"state": {"type": {"any_": [state]}}}, "flows": {"name": {"any_": ["parcours"]}}}
    return int(httpx.post("http://127.0.0.1:4397/api/flow_runs/count", json=asked).json())
