"""A settings file with one source, a published file, and the vendors of three days of a small business."""

import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from sandbox.server import Running, running
from sandbox.world import generate
from tests.aiming import aim
from tests.app import small_marts
from tests.app.commands import AS_OF, BUSINESS


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "parcours.toml"
    path.write_text(BUSINESS + '[sources.ecb]\ncurrencies = ["USD", "CYP"]\n')
    return path


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    small_marts.publish(tmp_path / "marts.duckdb")
    return tmp_path


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running(generate(first_day=date(2026, 3, 1), last_day=date(2026, 3, 3), scale=0.1), AS_OF) as found:
        yield found


@pytest.fixture
def vendors(served: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    aim(served, monkeypatch)
    served.sandbox.requests.clear()
    return served


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, where the system lets this user have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this user may mount nothing")
    yield disk
    subprocess.run(["umount", disk], check=True)
