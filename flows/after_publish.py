"""After each publish: the page is written, with the file copied where the settings say, and a command of theirs run.

A failure undoes nothing, since all is published by then; it is told, and the refresh counts as partial.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from flows.places import Places
from flows.publish import PublishRefused, link, place
from pipelines.settings import Published

PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")  # and so no secret of ours
TOLD = 4000  # bytes; of what a command prints, the end


def write_page(places: Places, published: Published, say: Callable[[str], None]) -> list[str]:
    """The page, made from what is published; gives why it could not be written."""
    from dashboard.page import page  # imports what draws and writes, which few commands need

    target = published.path(places.dashboard)
    try:
        with place(target, published) as fresh:
            fresh.write_text(page(places.marts, places.charts), encoding="utf-8")
        link(places.dashboard, target)
    except Exception as error:  # noqa: BLE001  whatever it was, the file is published
        fault = f"the page was not written: {type(error).__name__}: {error}"
        say(f"published, but {fault}")
        return [fault]
    say(f"wrote {places.dashboard}")
    return []


def after_publish(places: Places, published: Published, say: Callable[[str], None], umask: int) -> list[str]:
    """Do all that the settings want; gives what could not be done. The command's files are made with that `umask`."""
    files = [path for path in (places.marts, places.dashboard) if path.exists()]
    faults = [*_copies(files, published, say)]
    if published.command:
        faults += _run(published, places, say, umask)
    for fault in faults:
        say(f"published, but {fault}")
    return faults


def _copies(files: list[Path], published: Published, say: Callable[[str], None]) -> Iterator[str]:
    for folder in map(Path, published.copy_to):
        try:
            for path in files:
                with place(folder / path.name, published) as fresh:
                    shutil.copyfile(path, fresh)
            say(f"copied {' and '.join(path.name for path in files)} to {folder}")
        except (OSError, PublishRefused) as error:
            yield f"not copied to {folder}: {getattr(error, 'strerror', None) or error}: see [published] copy_to"


def _run(published: Published, places: Places, say: Callable[[str], None], umask: int) -> Iterator[str]:
    """The command, without a shell, in the data directory; where its time is over it ends with all that it started."""
    name, limit = published.command[0], published.command_minutes * 60
    with TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                published.command,
                cwd=places.data,
                env=_environment(places),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=umask,
            )
        except (OSError, ValueError) as error:
            yield f"{name} was not run: {getattr(error, 'strerror', None) or error}: see [published] command"
            return
        try:
            code: int | None = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if said := _end(output):
            say(f"{name} says:\n{said}")
    if code is None:
        yield f"{name} took longer than its {published.command_minutes:g} minutes: see [published] command_minutes"
    elif code:
        yield f"{name} failed with exit code {code}: see [published] command"


def _environment(places: Places) -> dict[str, str]:
    passed_on = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    named = {"PARCOURS_MARTS": places.marts, "PARCOURS_PAGE": places.dashboard}
    return passed_on | {key: str(path.resolve()) for key, path in named.items() if path.exists()}


def _end(output: IO[bytes]) -> str:
    """The last of what was printed, each line set in."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - TOLD))
    lines = output.read().decode(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines)
