"""A warehouse that has grown is written anew, and nothing in it changes; one that has not is left alone."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import refresh, troubles
from flows.compaction import compact
from flows.places import PROJECT, Places
from flows.refresh import Outcome
from pipelines import load_log

MADE = """
create schema raw_shop;
create table raw_shop.orders (
    order_id bigint primary key, total decimal(18, 6) not null, paid_at timestamptz, lines struct(sku varchar, n int)[],
    note varchar default 'none', check (total >= 0)
);
comment on table raw_shop.orders is 'One row per order.';
comment on column raw_shop.orders.total is 'It''s in EUR.';
create index paid on raw_shop.orders (paid_at);
create schema staging;
create view staging.stg_shop__orders as select order_id, total from "warehouse"."raw_shop"."orders" where total > 0;
create view staging.stg_shop__totals as select sum(total) as total from "warehouse"."staging"."stg_shop__orders";
comment on view staging.stg_shop__totals is 'One row.';
create table raw_shop.pages as select range as page_id, md5(range::varchar) || md5((-range)::varchar) as body
from range(800000);
"""
LOADED = """
insert into raw_shop.orders by name
select {day} * 1000 + range as order_id, range / 7 as total, timestamptz '2026-03-01 00:00:00+00' as paid_at,
    [{{'sku': 'P-' || range, 'n': 2}}] as lines
from range(1000);
create or replace table raw_shop.pages as from (select * from raw_shop.pages order by hash(page_id + {day}));
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse of six loads, to be copied."""
    path = tmp_path_factory.mktemp("grown") / "warehouse.duckdb"
    with load_log.connect(path) as connection:
        connection.execute(MADE)
        for day in range(6):
            connection.execute(LOADED.format(day=day))
            connection.execute("checkpoint")
        connection.execute("delete from raw_shop.pages where page_id >= 300000")
    return path


@pytest.fixture
def places(grown: Path, tmp_path: Path) -> Places:
    shutil.copy(grown, tmp_path)
    return Places(tmp_path)


def held(warehouse: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows but those of the log of compactions, and all that is known of the tables."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where table_name != 'compactions' "
            "union all select schema_name || '.' || view_name from duckdb_views() where not internal order by 1"
        ).fetchall()
        known = {
            "tables": "schema_name, table_name, comment, sql from duckdb_tables()",
            "columns": "schema_name, table_name, column_index, column_name, data_type, is_nullable, column_default, "
            "comment from duckdb_columns() where not internal",
            "constraints": "schema_name, table_name, constraint_text from duckdb_constraints()",
            "indexes": "schema_name, index_name, sql from duckdb_indexes()",
            "views": "schema_name, view_name, comment, sql from duckdb_views() where not internal",
        }
        queries = {name: f"select {query} order by all" for name, query in known.items()}
        queries |= {name: f"from {name} order by all" for (name,) in names}
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def test_a_warehouse_that_has_grown_is_written_anew_and_holds_the_same(places: Places) -> None:
    before, size = held(places.warehouse), places.warehouse.stat().st_size
    assert compact(places) == []
    assert held(places.warehouse) == before
    assert len(before["raw_shop.orders"]) == 6_000 and len(before["raw_shop.pages"]) == 300_000
    [(total,)] = before["staging.stg_shop__totals"]
    assert float(total) == pytest.approx(6 * 999 * 1000 / 2 / 7, abs=0.01)
    [text] = [row[2] for row in before["views"] if row[1] == "stg_shop__totals"]
    assert text == "One row."
    now = places.warehouse.stat().st_size
    assert now < size / 1.3
    assert [path.name for path in places.data.iterdir()] == ["warehouse.duckdb"]
    with duckdb.connect(str(places.warehouse)) as connection:
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("insert into raw_shop.orders (order_id, total) values (999, 1)")
        [free] = connection.execute("select free_blocks / total_blocks from pragma_database_size()").fetchall()
        assert free < (0.02,)


def test_it_is_left_alone_until_it_has_grown_again(places: Places) -> None:
    def add(table: str, rows: int) -> None:
        with duckdb.connect(str(places.warehouse)) as connection:
            connection.execute(f"create table {table} as select md5(range::varchar) as text from range({rows})")

    add("more", 3_000_000)
    compact(places)
    first = places.warehouse.stat()
    add("a_little", 200_000)
    grown = places.warehouse.stat()
    assert compact(places) == []
    assert places.warehouse.stat().st_ino == first.st_ino
    assert 60_000_000 < first.st_size < grown.st_size < 1.25 * first.st_size
    add("much", 1_500_000)
    assert places.warehouse.stat().st_size > 1.3 * first.st_size
    compact(places)
    assert places.warehouse.stat().st_ino != first.st_ino
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from raw_parcours.compactions").fetchall() == [(2,)]


def test_a_small_one_is_left_alone(tmp_path: Path) -> None:
    places = Places(tmp_path)
    load_log.connect(places.warehouse).close()
    first = places.warehouse.stat()
    assert compact(places) == []
    assert places.warehouse.stat() == first


def test_one_that_is_killed_half_way_leaves_the_old_and_the_next_tidies_up(places: Places) -> None:
    before = held(places.warehouse)
    dies = (
        "import os, signal; from pathlib import Path; from flows import compaction, swapped; from flows.places import "
        "Places; swapped._sync = lambda path: os.kill(os.getpid(), signal.SIGKILL); "
        f"compaction.compact(Places(Path({str(places.data)!r})))"
    )
    assert subprocess.run([sys.executable, "-c", dies], cwd=PROJECT).returncode == -9
    assert sorted(path.name for path in places.data.iterdir()) == ["warehouse.duckdb", "warehouse.duckdb.new"]
    assert held(places.warehouse) == before
    (places.data / "warehouse.duckdb.new.wal").write_bytes(b"of another file")
    assert compact(places) == []
    assert held(places.warehouse) == before
    assert [path.name for path in places.data.iterdir()] == ["warehouse.duckdb"]


def test_one_that_something_in_the_process_still_has_open_is_left_alone(places: Places) -> None:
    inode = places.warehouse.stat().st_ino
    with duckdb.connect(str(places.warehouse)) as hanging:
        assert compact(places) == []
        assert places.warehouse.stat().st_ino == inode
        hanging.execute("create table late as select 1 as a")
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        assert connection.execute("from late").fetchall() == [(1,)]


def test_where_the_disk_has_no_room_it_is_told_and_the_old_stays(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(places.warehouse)
    monkeypatch.setattr(troubles, "LEAST_FREE_BYTES", 10**15)
    [said] = compact(places)
    assert said.startswith(f"the warehouse was not written anew: The disk of {places.data} lacks the 1000000")
    assert said.endswith("for it: make room.")
    assert held(places.warehouse) == before


def test_of_a_large_log_of_runs_the_newer_half_stays(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.runs.write_text("".join(json.dumps({"run": run, "said": "x" * 4000}) + "\n" for run in range(4001)))
    refresh._log(places, Outcome(datetime(2026, 3, 4, tzinfo=UTC), date(2026, 3, 3), datetime(2026, 3, 4, tzinfo=UTC)))
    lines = [json.loads(line) for line in places.runs.read_text().splitlines()]
    assert [line.get("run") for line in lines] == [*range(2001, 4001), None]
    assert lines[-1]["through"] == "2026-03-03"
