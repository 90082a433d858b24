"""What a refresh keeps is for its user alone, what earlier versions wrote included."""

import os
from pathlib import Path

import pytest

from flows.private import private


def modes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder.parent).as_posix(): f"{path.lstat().st_mode & 0o777:04o}"
        for path in [folder, *folder.rglob("*")]
        if not path.is_symlink()
    }


def test_files_and_folders_of_before_and_of_now_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = os.umask(0o022)
    try:
        data = tmp_path / "data"
        (data / "dlt" / "deep").mkdir(parents=True)
        for name in ("warehouse.duckdb", "runs.jsonl", "dlt/deep/state.json", "marts.duckdb"):
            (data / name).write_text("old")
        outside = tmp_path / "outside.csv"
        outside.write_text("theirs")
        (data / "link").symlink_to(outside)
        with private(data, "marts.duckdb"):
            (data / "prefect").mkdir()
            (data / "prefect" / "new.db").write_text("new")
        after = tmp_path / "after"
        after.write_text("as usual")
    finally:
        os.umask(usual)
    assert modes(data) == {
        "data": "0700",
        "data/dlt": "0700",
        "data/dlt/deep": "0700",
        "data/dlt/deep/state.json": "0600",
        "data/marts.duckdb": "0644",  # publishing sets it
        "data/prefect": "0700",
        "data/prefect/new.db": "0600",
        "data/runs.jsonl": "0600",
        "data/warehouse.duckdb": "0600",
    }
    assert modes(outside) | modes(after) == {"outside.csv": "0644", "after": "0644"}
