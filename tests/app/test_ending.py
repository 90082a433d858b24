"""Real commands against a vendor that never answers: signals end them at once, and nothing outlives a kill."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from flows.one_at_a_time import alone, left_by
from tests.app.commands import BUSINESS, PROJECT

ENDS_WITHIN_SECONDS = 5
STARTS_WITHIN_SECONDS = 120


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A vendor that takes every call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def as_a_terminal_does() -> None:
    """A suite that runs in the background of a shell ignores Ctrl-C, and would hand that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def command(folder: Path, silent: socket.socket, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process group of its own, of which nothing outlives the block."""
    toml = folder / "parcours.toml"
    toml.write_text(BUSINESS + "[sources.ecb]\n")
    where = {"PARCOURS_SETTINGS": str(toml), "PARCOURS_DATA": str(folder / "data"), "PARCOURS_IDENTITY_KEY": "a" * 64}
    vendor = {"SOURCES__ECB__BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=PROJECT, env=environment | where | vendor, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=as_a_terminal_does,
    ) as started:  # fmt: skip
        try:
            yield started
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)


def members(group: int) -> list[str]:
    """The living processes of a group."""
    listed = subprocess.run(["ps", "-eo", "pgid,stat,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if re.match(rf"\s*{group}\s+[^Z]", line)]


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    ends_at = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends_at:
        time.sleep(0.1)
    return holds()


@pytest.mark.parametrize("name", ["check", pytest.param("refresh", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_ends_a_command_that_waits_for_a_vendor(
    tmp_path: Path, silent: socket.socket, name: str, number: signal.Signals, said: str
) -> None:
    with command(tmp_path, silent, name) as running:
        silent.settimeout(STARTS_WITHIN_SECONDS)
        with silent.accept()[0]:
            running.send_signal(number)
            assert running.wait(ENDS_WITHIN_SECONDS) == 128 + number
        assert running.stderr
        assert running.stderr.read().splitlines()[-1].startswith(f"Stopped by {said}.")
        assert wait_until(lambda: not members(running.pid), ENDS_WITHIN_SECONDS), members(running.pid)
    if name == "refresh":
        assert left_by(tmp_path / "data") == f"was stopped by {said}"
    with alone(tmp_path / "data"):
        pass


@pytest.mark.slow
def test_nothing_outlives_a_kill(tmp_path: Path, silent: socket.socket) -> None:
    with command(tmp_path, silent, "refresh") as running:
        silent.settimeout(STARTS_WITHIN_SECONDS)
        with silent.accept()[0]:
            assert len(members(running.pid)) == 2, "the refresh and Prefect's server"
            running.kill()
            assert wait_until(lambda: not members(running.pid), ENDS_WITHIN_SECONDS), members(running.pid)
