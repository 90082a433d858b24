"""`parcours backup` and `parcours restore`: what is in the file, and what neither of them does."""

import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from flows.one_at_a_time import NOTE, alone
from flows.places import Places
from pipelines import load_log
from tests.app.commands import run, words

SECRET = "shpat_0123456789abcdef"
LINE = '{"as_of": "2026-11-12"}\n'


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """An installation with two rows of a vendor, one of history, a review, and what can be made again."""
    places = Places(tmp_path / "data")
    places.data.mkdir()
    with load_log.connect(places.warehouse) as warehouse:
        warehouse.execute(
            """
            create schema raw_shop; create schema raw_shop_staging; create schema history; create schema marts;
            create table raw_shop.audiences (account_id varchar not null, captured_on date, size bigint);
            insert into raw_shop.audiences values ('a', '2026-11-11', 7), ('a', '2026-11-12', 9);
            create table raw_shop_staging.audiences as from raw_shop.audiences;
            create table history.kpi_versions as select 'nps' as kpi_id, 1.5::decimal(18, 6) as value;
            create table marts.kpi_values as select 'model' as kpi_id;
            insert into raw_parcours.builds values ('2026-11-12 19:00:00+00', 'abc');
            insert into raw_parcours.objective_reviews values ('prospects', '2026-11-12 10:00:00+00', 'On our way.');
            """
        )
    places.runs.write_text(LINE)
    places.marts.write_bytes(b"published")
    return places


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "parcours.toml"
    path.write_text('[business]\nname = "Ada"\n')
    return path


@pytest.fixture
def file(places: Places, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup of it."""
    monkeypatch.setenv("SOURCES__SHOPIFY__ACCESS_TOKEN", SECRET)
    path = tmp_path / "backup.tar.zst"
    result = run("backup", "--data", places.data, "--settings", settings, "--out", path)
    assert result.exit_code == 0, result.stderr
    return path


def unpacked(file: Path) -> dict[str, bytes]:
    with (
        pa.CompressedInputStream(str(file), "zstd") as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        return {one.name: content.read() for one in tar if (content := tar.extractfile(one))}


def repacked(file: Path, members: dict[str, bytes]) -> None:
    with (
        pa.CompressedOutputStream(str(file), "zstd") as stream,
        tarfile.open(fileobj=stream, mode="w|") as tar,
    ):
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, pa.BufferReader(content))


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_is_one_private_file_named_by_its_minute(places: Places, settings: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    before = everything(places.data)
    result = run("backup", "--data", places.data, "--settings", settings, "--out", tmp_path / "kept")
    (file,) = (tmp_path / "kept").iterdir()
    assert re.fullmatch(r"parcours-backup-20\d\d-\d\d-\d\dT\d\d-\d\dZ\.tar\.zst", file.name)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"Written and read again: {file} (0.0 MB, 8 rows in 24 tables, of 20" in result.stdout
    assert everything(places.data) == before | {"refresh.lock": b""}


def test_it_holds_what_no_refresh_makes_again_and_says_what_each_file_must_be(file: Path, tmp_path: Path) -> None:
    members = unpacked(file)
    manifest = json.loads(members["manifest.json"])
    assert list(members) == ["manifest.json", "parcours.toml", "runs.jsonl", "warehouse.duckdb"]
    assert members["runs.jsonl"] == LINE.encode()
    assert manifest["files"] == {
        name: hashlib.sha256(content).hexdigest() for name, content in members.items() if name != "manifest.json"
    }
    assert manifest["schema_version"] == 3
    rows = {table: count for table, count in manifest["tables"].items() if count}
    assert rows == {
        "history.kpi_versions": 1, "raw_parcours.identity": 1, "raw_parcours.objective_reviews": 1,
        "raw_parcours.schema_version": 3, "raw_shop.audiences": 2,
    }  # fmt: skip
    (tmp_path / "w.duckdb").write_bytes(members["warehouse.duckdb"])
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as copy:
        assert copy.execute("select sum(size) from raw_shop.audiences").fetchall() == [(16,)]
        schemas = {one for (one,) in copy.execute("select schema_name from duckdb_tables()").fetchall()}
        assert schemas == {"history", "raw_parcours", "raw_shop"}
        nullable = (
            "select is_nullable from duckdb_columns() where column_name = 'account_id' and table_name = 'audiences'"
        )
        assert copy.execute(nullable).fetchall() == [(False,)]
    assert not [name for name, content in members.items() if SECRET.encode() in content]


def test_what_a_killed_refresh_left_in_the_write_ahead_log_is_in_it(
    places: Places, settings: Path, tmp_path: Path
) -> None:
    dies = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); "
        "c.execute(\"insert into raw_shop.audiences values ('a', '2026-11-13', 11)\"); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", dies, places.warehouse], check=False).returncode == -signal.SIGKILL
    assert places.warehouse.with_name("warehouse.duckdb.wal").exists()
    assert run("backup", "--data", places.data, "--settings", settings, "--out", tmp_path / "b").exit_code == 0
    assert json.loads(unpacked(tmp_path / "b")["manifest.json"])["tables"]["raw_shop.audiences"] == 3


def test_while_a_refresh_runs_a_backup_and_a_restore_are_refused_and_change_nothing(
    places: Places, file: Path, tmp_path: Path
) -> None:
    with alone(places.data):
        before = everything(places.data)
        for command in (("backup", "--out", tmp_path / "other"), ("restore", file, "--force")):
            result = run(*command, "--data", places.data)
            assert result.exit_code == 1
            assert f"already running: process {os.getpid()} " in words(result.stderr)
        assert everything(places.data) == before
    assert not (tmp_path / "other").exists()


def test_a_restore_elsewhere_gives_the_same_rows_and_files(file: Path, tmp_path: Path) -> None:
    there = Places(tmp_path / "there")
    result = run("restore", file, "--data", there.data)
    assert result.exit_code == 0, result.stderr
    assert f"Restored: {there.data} (8 rows in 24 tables, of 20" in result.stdout
    assert sorted(path.name for path in there.data.iterdir()) == [
        "parcours.toml", "refresh.lock", "runs.jsonl", "warehouse.duckdb",
    ]  # fmt: skip
    assert there.warehouse.read_bytes() == unpacked(file)["warehouse.duckdb"]
    assert (there.data / "parcours.toml").read_text() == '[business]\nname = "Ada"\n'
    with load_log.connect(there.warehouse) as warehouse:
        assert warehouse.execute("select note from raw_parcours.objective_reviews").fetchall() == [("On our way.",)]


def test_a_warehouse_is_refused_and_moved_aside_whole_by_force(places: Places, file: Path) -> None:
    (places.state / "parcours_shop").mkdir(parents=True)
    before = everything(places.data)
    result = run("restore", file, "--data", places.data)
    assert result.exit_code == 1
    assert "warehouse.duckdb exists: choose another --data, or move what is there aside with --force." in words(
        result.stderr
    )
    assert everything(places.data) == before
    assert run("restore", file, "--data", places.data, "--force").exit_code == 0
    (aside,) = places.data.glob("before-restore-*")
    assert (aside / "warehouse.duckdb").read_bytes() == before["warehouse.duckdb"]
    assert sorted(path.name for path in aside.iterdir()) == ["dlt", "runs.jsonl", "warehouse.duckdb"]
    assert places.marts.read_bytes() == b"published", "readers keep what they have until the next refresh"
    assert not (places.data / NOTE).exists()


def _cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def _other_bytes(file: Path) -> None:
    members = unpacked(file)
    repacked(file, members | {"runs.jsonl": b"other"})


def _without_one(file: Path) -> None:
    members = unpacked(file)
    del members["warehouse.duckdb"]
    repacked(file, members)


def _astray(file: Path) -> None:
    members = unpacked(file)
    manifest = json.loads(members["manifest.json"])
    manifest["files"]["../astray"] = hashlib.sha256(b"x").hexdigest()
    repacked(file, members | {"manifest.json": json.dumps(manifest).encode(), "../astray": b"x"})


def _text(file: Path) -> None:
    file.write_text("hello")


@pytest.mark.parametrize("damage", [_cut, _flip, _other_bytes, _without_one, _astray, _text])
def test_a_damaged_backup_is_refused_in_a_sentence_and_nothing_is_changed(
    places: Places, file: Path, damage: object
) -> None:
    assert callable(damage)
    before = everything(places.data)
    damage(file)
    result = run("restore", file, "--data", places.data, "--force")
    assert result.exit_code == 1
    assert re.fullmatch(
        r"Error: \S+ is damaged( or no backup)?: take another (one|backup)\. ?", words(result.stderr) + " "
    )
    assert everything(places.data) == before
    assert not (places.data.parent / "astray").exists()


def test_a_backup_of_a_newer_version_is_refused(places: Places, file: Path, tmp_path: Path) -> None:
    members = unpacked(file)
    manifest = json.loads(members["manifest.json"]) | {"schema_version": 4}
    repacked(file, members | {"manifest.json": json.dumps(manifest).encode()})
    result = run("restore", file, "--data", tmp_path / "there")
    assert result.exit_code == 1
    assert "made by a newer version of Parcours (schema version 4; this one knows those up to 3)" in words(
        result.stderr
    )
    assert not (tmp_path / "there" / "warehouse.duckdb").exists()


def test_what_cannot_be_backed_up_or_written_is_told(places: Places, settings: Path, tmp_path: Path) -> None:
    nothing = run("backup", "--data", tmp_path / "nothing")
    assert nothing.exit_code == 1
    assert "does not exist yet. Make it: parcours refresh" in words(nothing.stderr)
    nowhere = run("backup", "--data", places.data, "--settings", settings, "--out", tmp_path / "no" / "where.tar.zst")
    assert nowhere.exit_code == 1
    assert "cannot be written (No such file or directory): choose another --out" in words(nowhere.stderr)
    places.warehouse.write_bytes(b"\x00" * 50_000)
    damaged = run("backup", "--data", places.data, "--settings", settings, "--out", tmp_path / "b")
    assert damaged.exit_code == 1
    assert "warehouse.duckdb is damaged. Restore the last backup: parcours restore FILE --force" in words(
        damaged.stderr
    )
    assert not (tmp_path / "b").exists()


def test_on_a_full_disk_nothing_is_lost_and_what_to_do_is_told(
    places: Places, settings: Path, file: Path, small_disk: Path
) -> None:
    with (small_disk / "filler").open("wb") as filler:
        filler.write(b"x" * 1_500_000)
    restored = run("restore", file, "--data", small_disk / "data")
    assert restored.exit_code == 1
    assert "No space left on device" in words(restored.stderr)
    assert not (small_disk / "data" / "warehouse.duckdb").exists()
    with (small_disk / "filler").open("ab", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(b"x" * 4096)
    written = run("backup", "--data", places.data, "--settings", settings, "--out", small_disk / "b.tar.zst")
    assert written.exit_code == 1
    assert "cannot be written (No space left on device): choose another --out" in words(written.stderr)
    assert [path.name for path in small_disk.iterdir() if path.name.startswith("b.")] == []
    assert shutil.disk_usage(small_disk).free < 4096
