"""How the published KPIs are shown: values worked out by hand, never more than the file says."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from app.choices import GrainOrAuto, Language, Stage
from app.kpis import read_values, show_kpis, sparkline
from app.stages import stage_names
from dashboard.published import opened
from flows.places import Places
from pipelines.connector import ConnectorError
from tests.app import small_marts as made
from tests.app.small_marts import value


def shown(
    folder: Path,
    rows: list[list[Any]] | None = None,
    stage: Stage | None = None,
    grain: GrainOrAuto = "month",
    width: int = 140,
    language: Language = "en",
) -> str:
    """What a reader of a pipe sees, with runs of spaces as one, also those that do not break."""
    made.publish(folder / "marts.duckdb", rows)
    console = Console(width=width)
    with console.capture() as capture:
        show_kpis(Places(folder), stage, grain, "table", language, console)
    return "\n".join(" ".join(line.split()) for line in capture.get().splitlines())


def test_the_last_complete_value_and_the_open_one_stand_beside_their_periods(tmp_path: Path) -> None:
    assert "New prospects 1,350 2026-02 ~81 2026-03 ▇█▁" in shown(tmp_path)


def test_a_complete_value_that_may_still_move_is_marked(tmp_path: Path) -> None:
    assert "Cost [per] prospect ~€57.74 2026-02 – 2026-03 ▁█" in shown(tmp_path)


def test_a_source_that_is_not_connected_is_said_and_never_zero(tmp_path: Path) -> None:
    lines = [line for line in shown(tmp_path).splitlines() if line.startswith("Net Promoter Score")]
    assert lines == ["Net Promoter Score not connected"]


def test_a_rate_is_a_percentage(tmp_path: Path) -> None:
    assert "Prospect to customer rate 10.0% 2026-02 ~8.8% 2026-03 █▁" in shown(tmp_path)


def test_other_units_are_named(tmp_path: Path) -> None:
    assert "Purchase frequency 1.28 per customer 2026-02 ~1.30 per customer 2026-03 ▁█" in shown(tmp_path)


def test_zero_is_zero_and_nothing_is_a_dash(tmp_path: Path) -> None:
    rows = [value(made.PROSPECTS, 1, 0), value(made.COST, 1, None)]
    text = shown(tmp_path, rows)
    assert "New prospects 0 2026-01 – ▁" in text
    assert "Cost [per] prospect – 2026-01 –" in text


def test_a_kpi_without_a_complete_period_shows_the_open_one_only(tmp_path: Path) -> None:
    assert "New prospects – ~81 2026-03 ▁" in shown(tmp_path, [value(made.PROSPECTS, 3, 81, "open")])


def test_a_source_connected_since_is_shown_by_its_latest_row(tmp_path: Path) -> None:
    rows = [value(made.NPS, 1, None, "absent"), value(made.NPS, 2, 40)]
    assert "Net Promoter Score 40.0 points 2026-02 – ▁" in shown(tmp_path, rows)


def test_stages_come_in_the_order_of_the_journey(tmp_path: Path) -> None:
    titles = [line for line in shown(tmp_path).splitlines() if line.endswith("by month")]
    assert titles == ["Capture by month", "Ascension by month", "Fan by month", "Levers by month"]


def test_levers_are_one_table_wherever_they_live(tmp_path: Path) -> None:
    text = shown(tmp_path, stage="levers")
    assert [line for line in text.splitlines() if line.endswith("by month")] == ["Levers by month"]
    for label in ("New prospects", "Purchase frequency", "Prospect to customer rate", "Gross margin rate"):
        assert label in text
    assert "Cost" not in text


def test_only_the_asked_grain_is_shown(tmp_path: Path) -> None:
    assert "New prospects 300 2026-02-01 –" in shown(tmp_path, grain="week")


def test_auto_shows_each_kpi_by_its_cadence_and_says_which(tmp_path: Path) -> None:
    """The catalogue says weekly of all but one: what is there by month only is not shown."""
    text = shown(tmp_path, grain="auto")
    assert text.splitlines()[0] == "Capture by cadence"
    assert "New prospects 300 2026-02-01 – week ▁" in text
    assert "Purchase frequency 1.28 per customer 2026-02 ~1.30 per customer 2026-03 month ▁█" in text
    assert "Cost" not in text


def test_in_french_all_is_french(tmp_path: Path) -> None:
    text = shown(tmp_path, language="fr")
    assert text.splitlines()[0] == "Capture par mois"
    assert "Indicateur dernière complète en cours historique" in text
    assert "New prospects (é) 1 350 2026-02 ~81 2026-03 ▇█▁" in text
    assert "Cost [per] prospect (é) ~57,74 € 2026-02 – 2026-03 ▁█" in text
    assert "Purchase frequency (é) 1,28 par client 2026-02 ~1,30 par client 2026-03" in text
    assert "Net Promoter Score (é) non connecté" in text
    assert "~ provisoire : une source peut encore la corriger. Détails : select" in text


def test_a_stage_is_called_what_the_business_calls_it(tmp_path: Path) -> None:
    path = tmp_path / "renamed" / "marts.duckdb"
    path.parent.mkdir()
    made.publish(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table dim_stages (stage varchar, position int, label_fr varchar, label_en varchar)")
        connection.execute("insert into dim_stages values ('capture', 3, 'Récolte [red]', 'Harvest')")
    with opened(path) as ask:
        names = stage_names(ask, "fr")
    assert (names["capture"], names["fan"], names["levers"]) == ("Récolte [red]", "Fan", "Leviers")
    console = Console(width=140)
    with console.capture() as capture:
        show_kpis(Places(path.parent), None, "month", "table", "fr", console)
    assert capture.get().startswith("Récolte [red] par mois")


def test_a_narrow_terminal_loses_the_history_and_no_value(tmp_path: Path) -> None:
    text = shown(tmp_path, width=80)
    assert "1.28 per customer 2026-02 ~1.30 per customer 2026-03" in text
    assert "█" not in text
    assert "…" not in text


def test_an_empty_file_shows_no_table(tmp_path: Path) -> None:
    assert shown(tmp_path, []).startswith("~ provisional")


def test_a_place_with_a_quote_in_its_name_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "l'atelier"
    folder.mkdir()
    made.publish(folder / "marts.duckdb")
    with opened(folder / "marts.duckdb") as ask:
        assert len(read_values(ask, "capture", "month")) == 6


def test_before_a_refresh_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"does not exist yet\. Make it: parcours refresh"):
        show_kpis(Places(tmp_path), None, "month", "table", "en", Console())


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


def test_what_a_stage_shows_first_stands_on_top(tmp_path: Path) -> None:
    said = shown(tmp_path, stage="capture")
    assert said.index("Cost [per] prospect") < said.index("New prospects")


def test_a_file_of_an_older_version_is_told(tmp_path: Path) -> None:
    shown(tmp_path)
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
        connection.execute("alter table kpi_catalog drop column focus_position")
    with pytest.raises(ConnectorError, match="an older version and lacks what is asked for"):
        show_kpis(Places(tmp_path), None, "month", "table", "en", Console())
