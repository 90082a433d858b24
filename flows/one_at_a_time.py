"""One refresh at a time: an OS file lock, which a killed run frees by dying, and a note of who holds it."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flows.places import Places
from flows.private import private
from pipelines.connector import ConnectorError

NOTE = "refresh.holder.json"  # who holds the lock, for others to read


class AlreadyRunning(ConnectorError):
    """Another refresh holds the data directory; the message names it."""


class FolderRefused(ConnectorError):
    """The data directory cannot be written; the message names it."""


_held: list[Path] = []  # the note of this process, where it holds one


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the data directory, or refuse at once."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        with (data / "refresh.lock").open("a"):
            pass
    except OSError as error:
        raise FolderRefused(f"{data} cannot be written ({error.strerror}): give this user the right to.") from None
    note = data / NOTE
    try:
        with FileLock(data / "refresh.lock", timeout=0):
            started = datetime.now(UTC).isoformat(timespec="seconds")
            try:
                note.touch(mode=0o600)
                note.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": started}))
            except OSError as error:
                raise FolderRefused(f"{note} cannot be written ({error.strerror}): make room, or remove it.") from None
            _held.append(note)
            try:
                yield
            finally:
                _held.remove(note)
                note.unlink(missing_ok=True)
    except Timeout:
        raise AlreadyRunning(f"A refresh is already running: {holder(data)}. Wait for it, or stop it.") from None


@contextmanager
def held(places: Places) -> Iterator[int]:
    """Hold the data directory as a refresh does: alone, and what is written is private; gives the umask of before."""
    with alone(places.data), private(places.data, places.marts.name, places.dashboard.name) as umask:
        yield umask


def note_stopped(by: str) -> None:
    """This process is about to end by a signal: what it held says so, and is not taken for killed."""
    for note in _held:
        with suppress(OSError, ValueError):
            note.write_text(json.dumps(json.loads(note.read_bytes()) | {"stopped": by}))


def left_by(data: Path) -> str:
    """What ended the refresh that left a note: a signal that it heeded, or nothing that it could tell of."""
    stopped = _noted(data).get("stopped")
    return f"was stopped by {stopped}" if isinstance(stopped, str) else "was killed"


def holder(data: Path) -> str:
    """Who holds the lock, or held it last, in words."""
    try:
        return "process {pid} on {host} since {since}".format_map(_noted(data))
    except KeyError:
        return "its process is unknown"


def _noted(data: Path) -> dict[str, Any]:
    """What the note says; nothing where it is absent, or is no whole one."""
    try:
        found = json.loads((data / NOTE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
