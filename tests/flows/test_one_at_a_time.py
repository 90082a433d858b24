"""One refresh at a time: who comes second is told who is first; the dead hold nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.one_at_a_time import AlreadyRunning, alone, holder

PROJECT = Path(__file__).parent.parent.parent
HOLD = """
import sys
from pathlib import Path
from flows.one_at_a_time import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(data: Path) -> subprocess.Popen[str]:
    """Another process that holds the directory until it is killed or its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_is_refused_and_told_who_is_first(tmp_path: Path) -> None:
    with hold(tmp_path) as first:
        said = rf"process {first.pid} on .* since 20\d\d-.*\. Wait for it, or stop it"
        with pytest.raises(AlreadyRunning, match=said), alone(tmp_path):
            raise AssertionError("two at a time")
        first.communicate()


def test_a_second_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(AlreadyRunning, match=f"process {os.getpid()} "), alone(tmp_path):
        raise AssertionError("two at a time")


def test_the_dead_hold_nothing_and_leave_their_name(tmp_path: Path) -> None:
    with hold(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=10)
    assert f"process {first.pid} " in holder(tmp_path)
    with alone(tmp_path):
        assert f"process {os.getpid()} " in holder(tmp_path)


def test_who_ends_well_leaves_no_note(tmp_path: Path) -> None:
    with alone(tmp_path):
        assert json.loads((tmp_path / "refresh.holder.json").read_text())["pid"] == os.getpid()
    assert not (tmp_path / "refresh.holder.json").exists()


def test_two_directories_do_not_hinder_each_other(tmp_path: Path) -> None:
    with alone(tmp_path / "one"), alone(tmp_path / "other"):
        pass


@pytest.mark.parametrize("note", [None, "", "{"])
def test_an_unreadable_note_still_refuses(tmp_path: Path, note: str | None) -> None:
    with alone(tmp_path):
        path = tmp_path / "refresh.holder.json"
        path.unlink() if note is None else path.write_text(note)
        with pytest.raises(AlreadyRunning, match="its process is unknown"), alone(tmp_path):
            raise AssertionError("two at a time")
