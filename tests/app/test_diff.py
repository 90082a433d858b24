"""`parcours diff`: what differs between two published files."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tests.app import small_marts
from tests.app.commands import run, words

REVISIONS = (
    "create table kpi_revisions (kpi_id text, grain text, period_start date, changed_at timestamptz, cause text)"
)
LATER = datetime(2026, 3, 27, 19, 0, tzinfo=UTC)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """The same file twice: in the later one February's prospects and cost have moved, and April has begun."""
    before, after = tmp_path / "a.duckdb", tmp_path / "b.duckdb"
    for path in (before, after):
        small_marts.publish(path)
        with duckdb.connect(str(path)) as connection:
            connection.execute(REVISIONS)
    with duckdb.connect(str(after)) as connection:
        connection.execute("update kpi_values set as_of = ?", [LATER])
        connection.execute(
            "update kpi_values set value = 1353, numerator = 1353 "
            "where kpi_id = 'new_prospects' and grain = 'month' and period_start = '2026-02-01'"
        )
        connection.execute(
            "update kpi_values set is_provisional = false, caveats = 'mailchimp: sampled' "
            "where kpi_id = 'cost_per_prospect' and period_start = '2026-02-01'"
        )
        connection.execute(
            "insert into kpi_values select * replace ("
            "date '2026-04-01' as period_start, date '2026-05-01' as period_end, 1.5 as value, 1.5 as numerator) "
            "from kpi_values where kpi_id = 'purchase_frequency' and period_start = '2026-03-01'"
        )
        connection.execute("""
            insert into kpi_revisions values
                ('new_prospects', 'month', '2026-02-01', '2026-03-10 19:00:00+00', 'brevo'),
                ('new_prospects', 'month', '2026-02-01', '2026-03-22 19:00:00+00', 'mailchimp'),
                ('new_prospects', 'month', '2026-02-01', '2026-03-24 19:00:00+00', 'definition'),
                ('new_prospects', 'month', '2026-02-01', '2026-03-27 19:00:00+00', 'mailchimp'),
                ('new_prospects', 'week', '2026-02-01', '2026-03-27 19:00:00+00', 'klaviyo')
        """)
    return before, after


def test_what_differs_is_told_with_what_caused_it_since_the_older_file(two: tuple[Path, Path]) -> None:
    result = run("diff", *two, "--format", "json")
    assert result.exit_code == 1
    cost, prospects, frequency = json.loads(result.stdout)
    assert [row["kpi_id"] for row in (cost, prospects)] == ["cost_per_prospect", "new_prospects"]
    assert (prospects["grain"], prospects["period_start"]) == ("month", "2026-02-01")
    assert (prospects["value_before"], prospects["value_after"]) == (1350, 1353)
    assert prospects["cause"] == "mailchimp; definition"
    assert (cost["value_before"], cost["value_after"], cost["cause"]) == (57.743, 57.743, "not told")
    assert (cost["is_provisional_before"], cost["is_provisional_after"]) == (True, False)
    assert (cost["caveats_before"], cost["caveats_after"]) == ("", "mailchimp: sampled")
    assert (frequency["period_start"], frequency["value_before"], frequency["value_after"]) == ("2026-04-01", None, 1.5)
    assert frequency["cause"] == "new period"


def test_the_table_counts_by_kpi_and_cause(two: tuple[Path, Path]) -> None:
    result = run("diff", *two)
    said = words(result.stdout)
    assert result.exit_code == 1
    assert "new_prospects mailchimp; definition 1" in said
    assert "new_prospects month 2026-02-01 1,350 1,353 numerator" in said
    assert "cost_per_prospect month 2026-02-01 €57.74 €57.74 is_provisional, caveats" in said
    assert "purchase_frequency month 2026-04-01 1.50 per customer" in said
    values = said.partition("Values")[2]
    assert values.index("new_prospects") < values.index("cost_per_prospect") < values.index("purchase_frequency")


def test_csv_has_every_difference_also_of_what_is_gone(two: tuple[Path, Path]) -> None:
    before, after = two
    rows = list(csv.DictReader(io.StringIO(run("diff", after, before, "--format", "csv").stdout)))
    assert [(row["kpi_id"], row["value_before"], row["value_after"], row["cause"]) for row in rows] == [
        ("cost_per_prospect", "57.743", "57.743", "not told"),
        ("new_prospects", "1353.0", "1350.0", "not told"),
        ("purchase_frequency", "1.5", "", "gone"),
    ]


@pytest.mark.parametrize(("output", "said"), [("table", "No value differs.\n"), ("json", "[]\n")])
def test_a_file_does_not_differ_from_itself(two: tuple[Path, Path], output: str, said: str) -> None:
    result = run("diff", two[1], two[1], "--format", output)
    assert (result.exit_code, result.stdout) == (0, said)


def test_the_exit_codes_are_told(two: tuple[Path, Path]) -> None:
    assert "0 no value differs; 1 some do" in words(run("diff", "--help").stdout)
    missing = run("diff", two[0], two[0].with_name("c.duckdb"))
    assert missing.exit_code == 1
    assert "c.duckdb does not exist" in missing.stderr
