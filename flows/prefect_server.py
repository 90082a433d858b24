"""Prefect's server for the commands given by hand: a child of the command, started while the command gets ready.

Prefect starts one itself, but only when the flow begins, and not so that it ends with a killed command.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic, sleep

from flows import tethered
from flows.places import Places
from flows.private import FOLDER
from pipelines.connector import ConnectorError

STARTS_WITHIN_SECONDS = 180  # on a busy machine; a few on an idle one
ANSWERS_WITHIN_SECONDS = 10
POLL_SECONDS = 0.05
RESTARTS_AFTER_SECONDS = 2
LARGEST_BYTES = 64_000_000  # of the database, which grows by half a megabyte a refresh; Prefect keeps every run


@dataclass(frozen=True)
class Server:
    """A server that may not answer yet."""

    process: subprocess.Popen[bytes]
    url: str

    def wait(self) -> None:
        """Until it answers."""
        until = monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            if self.process.poll() is not None or monotonic() > until:
                raise ConnectorError(
                    f"Prefect's server did not start at {self.url}: try again; if it fails again, remove the folder "
                    "`prefect` of the data directory, which is made again, or start one with `prefect server start` "
                    "and name it: PREFECT_API_URL=http://127.0.0.1:4200/api"
                )
            sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=ANSWERS_WITHIN_SECONDS) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:  # nobody listens yet, or hangs up
            return False


def start(places: Places) -> None:
    """Begin to start the server of this process, unless the business may have one of its own."""
    if "PREFECT_API_URL" not in os.environ and "PREFECT_HOME" not in os.environ and "prefect" not in sys.modules:
        _own(places)


@contextmanager
def used(places: Places) -> Iterator[None]:
    """Flows within report to the business's server where Prefect knows of one, else to that of this process."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    if PREFECT_API_URL.value():
        yield
        return
    server = _own(places)
    server.wait()
    with temporary_settings({PREFECT_API_URL: server.url}):
        yield


@contextmanager
def kept(places: Places, port: int) -> Iterator[str]:
    """A server with its page, which schedules, and is started again should it end; the business's where it has one.

    To be called before Prefect is imported, which takes its address from the environment. Gives the page's address.
    """
    if "PREFECT_API_URL" not in os.environ:
        places.data.mkdir(FOLDER, parents=True, exist_ok=True)
        _at_home(places)
        server = _launched(port)
        server.wait()
        os.environ["PREFECT_API_URL"] = server.url
        threading.Thread(target=_relaunch, args=(server, port), daemon=True).start()
    yield os.environ["PREFECT_API_URL"].removesuffix("/api")


def _relaunch(server: Server, port: int) -> None:
    while True:
        server.process.wait()
        sleep(RESTARTS_AFTER_SECONDS)
        server = _launched(port)


def _own(places: Places) -> Server:
    """The server of this process, whose database is where the first data directory is."""
    _at_home(places)
    return _started()


def _at_home(places: Places) -> None:
    if "PREFECT_HOME" not in os.environ:
        _bound(places.prefect / "prefect.db")
        os.environ["PREFECT_HOME"] = str(places.prefect.absolute())


def _bound(database: Path) -> None:
    """One that has grown large is begun anew: the runs that it tells of are in `runs.jsonl` as well."""
    if database.exists() and database.stat().st_size > LARGEST_BYTES:
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()


@cache
def _started() -> Server:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return _launched(port, PREFECT_UI_ENABLED="0", PREFECT__SERVER_EPHEMERAL="1")


def _launched(port: int, **settings: str) -> Server:
    command = tethered.command("uvicorn", "--factory", "prefect.server.api.server:create_app", "--port", str(port))
    told = settings | {"PREFECT_SERVER_API_PORT": str(port), "PREFECT__SERVER_FINAL": "1"}
    process = subprocess.Popen([*command, "--log-level", "error", "--lifespan", "on"], env=os.environ | told)
    atexit.register(process.terminate)
    return Server(process, f"http://127.0.0.1:{port}/api")
