"""`parcours export parquet` and `csv`, read back with other readers than DuckDB."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.app import small_marts
from tests.app.commands import run


@pytest.fixture
def published(marts: Path) -> Path:
    small_marts.publish_stages(marts / "marts.duckdb")
    with duckdb.connect(str(marts / "marts.duckdb")) as connection:
        connection.execute("comment on table kpi_capture is 'Capture. One row per grain and period.'")
        connection.execute("create table dim_stages (stage text, label_fr text, position int)")
        connection.execute("""insert into dim_stages values ('fan', '', 1), (null, 'Fidélité, "fan"', 2)""")
    return marts


TABLES = [
    *("dim_business", "dim_sources", "dim_stages", "kpi_ascension", "kpi_capture", "kpi_catalog", "kpi_fan"),
    *("kpi_levers", "kpi_values"),
]


def test_parquet_is_a_file_per_table_with_its_types(published: Path) -> None:
    out = published / "taken along"
    result = run("export", "parquet", "--out", out, "--data", published)
    assert (result.exit_code, result.stdout) == (0, f"written: {out}, 9 tables\n")
    assert sorted(path.name for path in out.iterdir()) == ["README.md", *(f"{name}.parquet" for name in TABLES)]
    rows = pq.read_table(out / "kpi_values.parquet").to_pylist()
    assert len(rows) == 15
    february = rows[1]
    assert february["kpi_id"] == "new_prospects"
    assert (february["kpi_id"], february["period_start"], february["value"]) == (
        "new_prospects",
        date(2026, 2, 1),
        1350,
    )
    assert february["as_of"] == datetime(2026, 3, 20, 19, 0, tzinfo=UTC)
    readme = (out / "README.md").read_text(encoding="utf-8")
    assert "As of 2026-03-20 19:00:00+00:00" in readme
    assert "| `kpi_capture` | 4 | Capture. One row per grain and period. |" in readme


def test_csv_is_a_file_per_table_in_which_nothing_is_not_an_empty_text(published: Path) -> None:
    out = published / "taken"
    assert run("export", "csv", "--out", out, "--data", published).exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["README.md", *(f"{name}.csv" for name in TABLES)]
    assert (out / "dim_stages.csv").read_text(encoding="utf-8") == (
        'stage,label_fr,position\nfan,"",1\n,"Fidélité, ""fan""",2\n'
    )
    with (out / "kpi_values.csv").open(encoding="utf-8", newline="") as file:
        cost = list(csv.DictReader(file))[5]
    assert (cost["kpi_id"], cost["value"], cost["as_of"]) == ("cost_per_prospect", "", "2026-03-20 19:00:00+00")


def test_a_folder_that_holds_something_is_left_alone(published: Path) -> None:
    out = published / "mine"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    result = run("export", "csv", "--out", out, "--data", published)
    assert result.exit_code == 1
    assert result.stderr == f"Error: {out} is there already: remove it, or choose another --out.\n"
    assert [path.name for path in out.iterdir()] == ["notes.txt"]
    (out / "notes.txt").unlink()
    assert run("export", "csv", "--out", out, "--data", published).exit_code == 0
    assert len(list(out.iterdir())) == 10


def test_what_cannot_be_written_leaves_nothing(published: Path) -> None:
    with duckdb.connect(str(published / "marts.duckdb")) as connection:
        connection.execute('create table "no/where" as select 1 as a')
    result = run("export", "parquet", "--out", published / "half", "--data", published)
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert not [path for path in published.iterdir() if path.name.startswith("half")]


def test_a_folder_within_nothing_is_refused(published: Path) -> None:
    out = published / "nowhere" / "taken"
    result = run("export", "csv", "--out", out, "--data", published)
    assert result.stderr == f"Error: {out} cannot be written (No such file or directory): choose another --out.\n"
