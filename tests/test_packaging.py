"""A clone is how Parcours is installed: no package of it can be built by accident."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("kind", ["--wheel", "--sdist"])
def test_a_package_is_refused_with_what_to_do_instead(kind: str, tmp_path: Path) -> None:
    command = [str(BIN / "uv"), "build", kind, "--out-dir", str(tmp_path), str(PROJECT)]
    build = subprocess.run(command, capture_output=True, text=True, check=False)
    assert build.returncode != 0
    assert "Parcours is installed as a clone, not as a package: git clone it, run `make setup` there," in build.stderr
    assert list(tmp_path.glob("parcours*")) == []


def test_the_command_of_the_clone_works_from_any_folder(tmp_path: Path) -> None:
    said = subprocess.run([BIN / "parcours", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "Marketing KPIs from every tool of a small business" in said
