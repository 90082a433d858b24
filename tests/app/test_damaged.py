"""What a refresh says over damaged files, a folder that is read-only and a full disk; nothing is lost."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from typer.testing import Result

from flows.one_at_a_time import NOTE
from flows.places import Places
from flows.publish import publish
from flows.refresh import Outcome, run_refresh
from flows.troubles import explained
from pipelines import load_log
from pipelines.settings import read_settings
from tests.app.commands import AS_OF, PROJECT, run, words

FILLS = """
import resource, sys
from pathlib import Path
import duckdb
from flows.troubles import explained
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
warehouse = Path(sys.argv[1])
try:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table big as select random() as x from range(1000000)")
        connection.execute("checkpoint")
except Exception as error:
    print(explained(error, warehouse.parent, warehouse))
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "data")
    places.data.mkdir()
    with load_log.connect(places.warehouse) as warehouse:
        warehouse.execute(
            "create schema raw_shop; create table raw_shop.orders as select 7 as amount from range(99999)"
        )
    return places


def refresh(places: Places, settings: Path) -> Result:
    result = run("refresh", "--settings", settings, "--data", places.data, "--as-of", AS_OF.isoformat())
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    return result


@pytest.mark.parametrize("damage", ["other", "empty", "half", "flipped"])
def test_a_damaged_warehouse_is_told_with_what_to_do_and_left_as_it_is(
    places: Places, settings: Path, damage: str
) -> None:
    whole = places.warehouse.read_bytes()
    flipped = whole[:4100] + bytes([whole[4100] ^ 0xFF]) + whole[4101:]
    damaged = {"other": b"hello" * 9999, "empty": b"", "half": whole[: len(whole) // 2], "flipped": flipped}[damage]
    places.warehouse.write_bytes(damaged)
    said = words(refresh(places, settings).stderr)
    assert "warehouse.duckdb is damaged. Restore the last backup: parcours restore FILE --force; without one," in said
    assert places.warehouse.read_bytes() == damaged


def test_a_warehouse_that_another_program_has_open_is_told(places: Places, settings: Path) -> None:
    reads = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); input()"
    command = [sys.executable, "-c", reads, str(places.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout and reader.stdout.readline() == b"open\n"
        said = words(refresh(places, settings).stderr)
        reader.communicate(b"\n")
    assert "warehouse.duckdb is open in another program, or a refresh is running (see: parcours status). Close" in said


def test_a_holder_file_that_cannot_be_written_is_told(places: Places, settings: Path) -> None:
    (places.data / NOTE).mkdir()
    said = words(refresh(places, settings).stderr)
    assert f"{NOTE} cannot be written (Is a directory): make room, or remove it." in said


def test_a_log_of_runs_that_cannot_be_written_takes_nothing_from_the_refresh(places: Places, settings: Path) -> None:
    places.runs.mkdir()
    places.warehouse.write_bytes(b"")  # so that it ends at once
    heard: list[str] = []
    outcome = run_refresh(read_settings(settings), places, AS_OF.date(), AS_OF, [], heard.append)
    assert isinstance(outcome, Outcome) and "is damaged" in outcome.error
    assert (
        f"not in the log of runs: {places.runs} cannot be written (Is a directory): make room, or remove it"
        in heard[-1]
    )


def test_a_damaged_published_file_is_replaced_by_the_next_publish(places: Places) -> None:
    with duckdb.connect(str(places.warehouse)) as warehouse:
        warehouse.execute("create schema marts; create table marts.kpi_values as select 5 as value")
    places.marts.write_bytes(b"hello")
    assert publish(places) == ["kpi_values"]
    with duckdb.connect(str(places.marts), read_only=True) as marts:
        assert marts.execute("select value from kpi_values").fetchall() == [(5,)]


def test_a_data_folder_that_is_read_only_is_told(small_disk: Path, settings: Path) -> None:
    data = small_disk / "data"
    data.mkdir()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    said = words(refresh(Places(data), settings).stderr)
    assert "data cannot be written (Read-only file system): give this user the right to." in said


def test_a_disk_that_is_nearly_full_is_told_before_anybody_is_asked(small_disk: Path, settings: Path) -> None:
    said = words(refresh(Places(small_disk / "data"), settings).stderr)
    assert "data has 2 MB left, and a refresh needs 50: make room, then run this again." in said
    assert not (small_disk / "data" / "warehouse.duckdb").exists()
    checked = run("check", "--settings", settings, "--data", small_disk / "data")
    assert (checked.exit_code, "and a refresh needs 50" in words(checked.stdout)) == (1, True)


def test_a_folder_where_dlt_writes_nothing_is_told(tmp_path: Path, settings: Path) -> None:
    said = words(refresh(Places(tmp_path / "100%done"), settings).stderr)
    assert "100%done has a % in its path, where dlt writes nothing: name another by --data." in said
    checked = run("check", "--settings", settings, "--data", tmp_path / "100%done")
    assert (checked.exit_code, "100%done has a % in its path" in words(checked.stdout)) == (1, True)


def test_a_disk_that_fills_up_half_way_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError) as full, Path("/dev/full").open("w") as file:
        file.write("x")
        file.flush()
    said = f"The disk of {tmp_path} is full: make room, then run this again. Nothing of before is lost."
    assert explained(full.value, tmp_path, tmp_path / "w.duckdb") == said
    filled = subprocess.run(
        [sys.executable, "-c", FILLS, tmp_path / "w.duckdb"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert filled.stdout == said + "\n"
