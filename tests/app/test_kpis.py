"""How the published KPIs are shown: values worked out by hand, never more than the file says."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.kpis import read_values, show_tables, sparkline
from pipelines.connector import ConnectorError
from tests.app import small_marts as made
from tests.app.small_marts import value


def shown(
    folder: Path, rows: list[list[Any]] | None = None, stage: str | None = None, grain: str = "month", width: int = 140
) -> str:
    """What a reader of a pipe sees, with runs of spaces as one."""
    path = folder / "marts.duckdb"
    made.publish(path, rows)
    console = Console(width=width)
    with console.capture() as capture:
        show_tables(read_values(path, stage, grain), grain, console)
    return "\n".join(" ".join(line.split()) for line in capture.get().splitlines())


def test_the_last_complete_value_and_the_open_one_stand_beside_their_periods(tmp_path: Path) -> None:
    assert "New prospects 1,350 2026-02 ~81 2026-03 ▇█▁" in shown(tmp_path)


def test_a_complete_value_that_may_still_move_is_marked(tmp_path: Path) -> None:
    assert "Cost [per] prospect ~57.74 2026-02 – 2026-03 EUR ▁█" in shown(tmp_path)


def test_a_source_that_is_not_connected_is_said_and_never_zero(tmp_path: Path) -> None:
    lines = [line for line in shown(tmp_path).splitlines() if line.startswith("Net Promoter Score")]
    assert lines == ["Net Promoter Score not connected"]


def test_a_rate_is_a_percentage(tmp_path: Path) -> None:
    assert "Prospect to customer rate 10.00% 2026-02 ~8.82% 2026-03 █▁" in shown(tmp_path)


def test_other_units_are_named(tmp_path: Path) -> None:
    assert "Purchase frequency 1.28 2026-02 ~1.30 2026-03 per customer ▁█" in shown(tmp_path)


def test_zero_is_zero_and_nothing_is_a_dash(tmp_path: Path) -> None:
    rows = [value(made.PROSPECTS, 1, 0), value(made.COST, 1, None)]
    text = shown(tmp_path, rows)
    assert "New prospects 0 2026-01 – ▁" in text
    assert "Cost [per] prospect – 2026-01 – EUR" in text


def test_a_kpi_without_a_complete_period_shows_the_open_one_only(tmp_path: Path) -> None:
    assert "New prospects – ~81 2026-03 ▁" in shown(tmp_path, [value(made.PROSPECTS, 3, 81, "open")])


def test_a_source_connected_since_is_shown_by_its_latest_row(tmp_path: Path) -> None:
    rows = [value(made.NPS, 1, None, "absent"), value(made.NPS, 2, 40)]
    assert "Net Promoter Score 40 2026-02 – points ▁" in shown(tmp_path, rows)


def test_stages_come_in_the_order_of_the_journey(tmp_path: Path) -> None:
    titles = [line for line in shown(tmp_path).splitlines() if line.endswith("by month")]
    assert titles == ["capture by month", "ascension by month", "fan by month", "levers by month"]


def test_levers_are_one_table_wherever_they_live(tmp_path: Path) -> None:
    text = shown(tmp_path, stage="levers")
    assert [line for line in text.splitlines() if line.endswith("by month")] == ["levers by month"]
    for label in ("New prospects", "Purchase frequency", "Prospect to customer rate", "Gross margin rate"):
        assert label in text
    assert "Cost" not in text


def test_only_the_asked_grain_is_shown(tmp_path: Path) -> None:
    assert "New prospects 300 2026-02-01 –" in shown(tmp_path, grain="week")


def test_a_narrow_terminal_loses_the_history_and_no_value(tmp_path: Path) -> None:
    text = shown(tmp_path, width=80)
    assert "1.28 2026-02 ~1.30 2026-03 per customer" in text
    assert "█" not in text
    assert "…" not in text


def test_an_empty_file_shows_no_table(tmp_path: Path) -> None:
    assert shown(tmp_path, []).startswith("~ provisional")


def test_a_place_with_a_quote_in_its_name_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "l'atelier"
    folder.mkdir()
    made.publish(folder / "marts.duckdb")
    assert len(read_values(folder / "marts.duckdb", "capture", "month")) == 6


def test_before_a_refresh_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"does not exist yet\. Make it: parcours refresh"):
        read_values(tmp_path / "marts.duckdb", None, "month")


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"),
        ([-10, None, 10], "▁ █"),
        ([None, 5, None, 5], " ▁ ▁"),
        ([None, None], ""),
        ([], ""),
    ],
)
def test_a_sparkline_runs_from_lowest_to_highest_with_gaps(values: list[float | None], bars: str) -> None:
    assert sparkline(values) == bars
