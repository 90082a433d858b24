"""`python -m sandbox`: what it prints, and how it ends."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

PROJECT = Path(__file__).parent.parent.parent
DAYS = ["--first-day", "2026-03-01", "--last-day", "2026-03-02", "--scale", "0.1"]


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox", *DAYS, *arguments]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_how_to_reach_it_serves_and_ends_cleanly(how: signal.Signals) -> None:
    with start("--port", "0", "--grpc-port", "0", "--now", "2026-03-02T12:00:00+01:00") as process:
        assert process.stdout
        exported = {}
        for line in process.stdout:
            if line.startswith("# Ctrl-C"):
                break
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                exported[name] = value
        clock = requests.get(f"{exported['SANDBOX_URL']}/_sandbox/clock", timeout=5).json()
        assert clock == {"now": "2026-03-02T11:00:00+00:00"}
        assert exported["SOURCES__ECB__BASE_URL"] == f"{exported['SANDBOX_URL']}/ecb"
        process.send_signal(how)
        assert process.wait(timeout=10) == 0


def test_a_taken_port_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("--port", str(taken.getsockname()[1]), "--grpc-port", "0")
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "choose other ports with --port and --grpc-port" in said
