"""Publishing: one file, swapped in whole, that every reader can open."""

import os
from pathlib import Path

import duckdb
import pytest

from flows.places import Places
from flows.publish import SCHEMA, PublishRefused, publish
from pipelines.settings import Published

DDL = f"""
create schema {SCHEMA};
create table {SCHEMA}.kpi_capture (grain varchar, new_prospects bigint);
comment on table {SCHEMA}.kpi_capture is 'Capture. One row per grain; it''s "whole".';
comment on column {SCHEMA}.kpi_capture.new_prospects is 'People, each once.';
create table {SCHEMA}.dim_periods as select 'month' as grain;
create table private (email varchar);
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute(DDL)
    fill(Places(tmp_path), 106)
    return Places(tmp_path)


def fill(places: Places, prospects: int) -> None:
    """What a later refresh leaves in the warehouse."""
    with duckdb.connect(str(places.warehouse)) as warehouse:
        warehouse.execute(f"delete from {SCHEMA}.kpi_capture")
        warehouse.execute(f"insert into {SCHEMA}.kpi_capture values ('month', {prospects})")


def prospects(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as marts:
        return one(marts)


def one(marts: duckdb.DuckDBPyConnection) -> int:
    [(found,)] = marts.execute("select new_prospects from kpi_capture").fetchall()
    return int(found)


def test_the_marts_and_nothing_else_are_published(places: Places) -> None:
    assert publish(places) == ["dim_periods", "kpi_capture"]
    with duckdb.connect(str(places.marts), read_only=True) as marts:
        tables = marts.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall()
    assert tables == [("main", "dim_periods"), ("main", "kpi_capture")]


def test_comments_arrive(places: Places) -> None:
    publish(places)
    with duckdb.connect(str(places.marts), read_only=True) as marts:
        tables = dict(marts.execute("select table_name, comment from duckdb_tables()").fetchall())
        columns = marts.execute("select column_name, comment from duckdb_columns() where comment is not null")
        assert columns.fetchall() == [("new_prospects", "People, each once.")]
    assert tables == {"kpi_capture": 'Capture. One row per grain; it\'s "whole".', "dim_periods": None}


def test_a_reader_keeps_the_old_while_the_new_is_swapped_in(places: Places) -> None:
    publish(places)
    fill(places, 81)
    with duckdb.connect(str(places.marts), read_only=True) as reader:
        publish(places)
        assert one(reader) == 106
    assert prospects(places.marts) == 81


def test_a_new_reader_sees_the_new_while_another_process_holds_the_old(places: Places) -> None:
    publish(places)
    fill(places, 81)
    with places.marts.open("rb") as held:
        size = os.fstat(held.fileno()).st_size
        publish(places)
        assert prospects(places.marts) == 81
        assert len(held.read()) == size


def test_a_failure_during_the_copy_leaves_the_old(places: Places) -> None:
    publish(places)
    places.warehouse.unlink()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{places.warehouse}' as warehouse (storage_version 'latest')")
        connection.execute(f"create schema warehouse.{SCHEMA}")
        connection.execute(f"create table warehouse.{SCHEMA}.a_good_one as select 1 as a")
        connection.execute(f"create table warehouse.{SCHEMA}.too_new as select 1::variant as a")
    with pytest.raises(duckdb.InvalidInputException, match="VARIANT"):
        publish(places)
    assert prospects(places.marts) == 106


def test_what_a_failure_left_is_no_hindrance(places: Places) -> None:
    fresh = places.marts.with_name("marts.duckdb.new")
    fresh.write_bytes(b"half a file")
    fresh.with_name(fresh.name + ".wal").write_bytes(b"half a log")
    publish(places)
    assert prospects(places.marts) == 106
    assert not fresh.exists()


def test_a_stale_log_beside_the_file_is_not_replayed(places: Places, tmp_path: Path) -> None:
    publish(places)
    log = places.marts.with_name(places.marts.name + ".wal")
    log.write_bytes(log_of_a_careless_writer(places.marts, tmp_path / "careless.duckdb"))
    publish(places)
    assert not log.exists()
    assert prospects(places.marts) == 106


def log_of_a_careless_writer(marts: Path, copy: Path) -> bytes:
    """The write-ahead log of somebody who opened the file to write, added a row, and died."""
    copy.write_bytes(marts.read_bytes())
    with duckdb.connect(str(copy)) as careless:
        careless.execute("set checkpoint_threshold = '1 GB'")
        careless.execute("insert into kpi_capture values ('month', 1)")
        log = copy.with_name(copy.name + ".wal").read_bytes()
    assert log
    return log


def test_the_file_is_of_the_oldest_version_that_is_still_written(places: Places) -> None:
    publish(places)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{places.marts}' as marts (read_only)")
        [(tags,)] = connection.execute("select tags from duckdb_databases() where database_name = 'marts'").fetchall()
    assert tags["storage_version"].startswith("v1.0.0")
    header = places.marts.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64  # the format's number since DuckDB 0.9


def test_nothing_published_is_left_in_a_log(places: Places) -> None:
    publish(places)
    assert [path.name for path in sorted(places.data.iterdir())] == ["marts.duckdb", "warehouse.duckdb"]


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:04o}"


def test_what_is_published_has_the_mode_that_is_set(places: Places) -> None:
    publish(places)
    assert mode(places.marts) == "0640"
    publish(places, Published(mode="0600"))
    assert mode(places.marts) == "0600"


def test_it_may_lie_in_a_folder_that_others_can_enter(places: Places, tmp_path: Path) -> None:
    folder = tmp_path / "shared" / "kpis"
    for count in (106, 81):
        fill(places, count)
        publish(places, Published(folder=str(folder), mode="644"))
        assert prospects(folder / "marts.duckdb") == prospects(places.marts) == count
    assert (mode(folder), mode(folder / "marts.duckdb")) == ("0755", "0644")
    assert places.marts.readlink() == folder / "marts.duckdb"
    publish(places)  # and back
    assert not places.marts.is_symlink()
    assert mode(places.marts) == "0640"


def test_a_group_that_does_not_exist_is_told_and_the_old_file_stays(places: Places) -> None:
    publish(places)
    before = places.marts.read_bytes()
    with pytest.raises(PublishRefused, match="cannot be given to the group 'no-such-group'"):
        publish(places, Published(group="no-such-group"))
    assert places.marts.read_bytes() == before
