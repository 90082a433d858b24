"""What docs/read.md says of readers: its snippets work, older DuckDB opens the file, and a pool must be told."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from flows.places import PROJECT, Places
from flows.publish import publish
from flows.swapped import swapped_in
from tests.app import small_marts

SNIPPETS = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / "read.md").read_text(encoding="utf-8"), re.DOTALL)
WITH_PANDAS = [snippet for snippet in SNIPPETS if ".df()" in snippet]
UV = Path(sys.executable).with_name("uv")


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    """Published as a refresh does, into `data`."""
    places = Places(tmp_path / "data")
    places.data.mkdir()
    small_marts.publish(tmp_path / "small.duckdb")
    with duckdb.connect(str(places.warehouse)) as connection:
        connection.execute(f"attach '{tmp_path}/small.duckdb' as small; create schema marts")
        for table in ("kpi_values", "kpi_catalog"):
            connection.execute(f"create table marts.{table} as from small.{table}")
        connection.execute("comment on column marts.kpi_values.value is 'The value.'")
    publish(places)
    return places.marts


def test_each_way_to_read_has_a_snippet() -> None:
    assert (len(SNIPPETS), len(WITH_PANDAS)) == (4, 1)


@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if one not in WITH_PANDAS])
def test_a_snippet_reads_the_published_file(marts: Path, snippet: str) -> None:
    ended = subprocess.run([sys.executable, "-c", snippet], cwd=marts.parent.parent, capture_output=True, text=True)
    assert "1350" in ended.stdout, ended.stderr


def _elsewhere(packages: list[str], code: str, folder: Path) -> str:
    """What the code prints in an environment of its own; skips where the packages cannot be had."""
    command = [str(UV), "run", "--quiet", "--no-project", "--isolated", "--python", sys.executable]
    command += [argument for package in packages for argument in ("--with", package)]
    probe = subprocess.run([*command, "python", "-c", ""], cwd=folder, capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"{', '.join(packages)} cannot be installed here: {probe.stderr.strip()[-200:]}")
    ended = subprocess.run([*command, "python", "-c", code], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_pandas_reads_the_published_file(marts: Path) -> None:
    printed = _elsewhere([f"duckdb=={duckdb.__version__}", "pandas", "pytz"], WITH_PANDAS[0], marts.parent.parent)
    assert "2026-02-01    1350.0" in printed


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.0.0", "1.1.3", "1.2.2", "1.3.2", "1.4.4", "1.5.5"])
def test_each_duckdb_since_1_0_opens_the_published_file(marts: Path, version: str) -> None:
    code = """
import duckdb

with duckdb.connect("data/marts.duckdb", read_only=True) as marts:
    print(duckdb.__version__, marts.execute("select count(*), sum(value), max(as_of) from kpi_values").fetchall())
    print(marts.execute("select comment from duckdb_columns() where column_name = 'value'").fetchall())
"""
    printed = _elsewhere([f"duckdb=={version}", "pytz"], code, marts.parent.parent)
    # 1200 + 1350 + 81, 10 + 57.743, 1.28 + 1.3, 0.1 + 0.0882, and 300 by week
    assert printed.startswith(f"{version} [(15, 3001.511")
    assert "2026, 3, 20, 19, 0" in printed
    assert "[('The value.',)]" in printed


def _publish_number(path: Path, number: int) -> None:
    with swapped_in(path) as fresh, duckdb.connect(str(fresh)) as connection:
        connection.execute(f"create table published as select {number} as number")


def _engine(path: Path, pool: type[NullPool] | None = None) -> Engine:
    return create_engine(f"duckdb:///{path}", connect_args={"read_only": True}, poolclass=pool)


def _asked(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("select number from published")).scalar_one())


def test_a_pooled_connection_keeps_the_old_file_until_the_pool_is_disposed_of(tmp_path: Path) -> None:
    path = tmp_path / "marts.duckdb"
    _publish_number(path, 1)
    engine = _engine(path)
    assert _asked(engine) == 1
    _publish_number(path, 2)
    assert _asked(engine) == 1
    engine.dispose()
    assert _asked(engine) == 2
    engine.dispose()


def test_without_a_pool_each_connection_reads_what_is_published_then(tmp_path: Path) -> None:
    path = tmp_path / "marts.duckdb"
    _publish_number(path, 1)
    engine = _engine(path, NullPool)
    assert _asked(engine) == 1
    _publish_number(path, 2)
    assert _asked(engine) == 2


def test_a_new_connection_beside_an_old_one_reads_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "marts.duckdb"
    _publish_number(path, 1)
    with duckdb.connect(str(path), read_only=True) as kept:
        kept.execute("from published")
        _publish_number(path, 2)
        with duckdb.connect(str(path), read_only=True) as beside:
            assert beside.execute("from published").fetchall() == [(1,)]
    with duckdb.connect(str(path), read_only=True) as alone:
        assert alone.execute("from published").fetchall() == [(2,)]
