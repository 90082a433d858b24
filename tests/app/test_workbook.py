"""The exported workbook, opened again: each cell worked out by hand from the rows of the published file."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from app.cells import of_part, of_value, sheet_name
from tests.app import small_marts as made
from tests.app.commands import run
from tests.app.opened_workbook import look, parts, sheets, table
from tests.app.small_marts import value

GREY = "FF6B6B6B"


@pytest.fixture
def data(marts: Path) -> Path:
    made.publish_stages(marts / "marts.duckdb")
    return marts


def export(data: Path, *options: str) -> Path:
    """What `parcours export xlsx` writes."""
    out = data / "kpis.xlsx"
    result = run("export", "xlsx", "--data", data, "--out", out, *options)
    assert (result.exit_code, result.stdout) == (0, f"written: {out}\n"), result.stderr
    return out


def change(data: Path, *statements: str) -> None:
    with duckdb.connect(str(data / "marts.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_stage_s_sheet_holds_periods_kpis_and_parts_as_typed_cells(data: Path) -> None:
    heading, *rows = table(export(data), "Capture")
    assert heading == [
        *("Grain", "First day", "Complete", "New prospects", "Cost [per] prospect"),
        *("list_size", "spend", "not_landed_share"),
    ]
    assert rows == [
        ["month", date(2026, 1, 1), True, 1200, 10, "", 12000.5, 0.25],
        ["month", date(2026, 2, 1), True, 1350, 57.743, 4000, 77953.05, 0],
        ["month", date(2026, 3, 1), False, 81, "", 4081, 0, ""],
        ["week", date(2026, 2, 1), True, 300, "", "", 0, ""],
    ]


def test_formats_tell_money_rates_counts_and_days(data: Path) -> None:
    out = export(data)
    assert look(out, "Capture", "B2")[0] == "yyyy-mm-dd"
    assert look(out, "Capture", "D2") == ("#,##0", False, "")
    assert look(out, "Capture", "E2")[0] == "[$€]#,##0.00"
    assert look(out, "Capture", "G2")[0] == "#,##0.00"
    assert look(out, "Capture", "H2")[0] == "0.0%"
    assert look(out, "Levers", "F2")[0] == "0.0%"
    assert look(export(data, "--lang", "fr"), "Capture", "E2")[0] == "#,##0.00\N{NO-BREAK SPACE}[$€]"


def test_an_open_period_is_grey_and_italic_and_a_provisional_value_marked(data: Path) -> None:
    out = export(data)
    assert look(out, "Capture", "A4")[1:] == (True, GREY)
    assert look(out, "Capture", "D4") == ('"~"#,##0;"~"-#,##0', True, GREY)
    assert look(out, "Capture", "F4") == ("#,##0", True, GREY)
    assert look(out, "Capture", "E3") == ('"~"[$€]#,##0.00;"~"-[$€]#,##0.00', False, "")


def test_of_a_stage_each_kpi_is_marked_by_its_own_flags(data: Path) -> None:
    """The stage's row is complete; the source of one of its KPIs has not loaded all of it."""
    change(data, "update kpi_values set is_complete = false where kpi_id = 'cost_per_prospect'")
    out = export(data)
    assert look(out, "Capture", "D3") == ("#,##0", False, "")
    assert look(out, "Capture", "E3")[1:] == (True, GREY)


def test_what_is_not_connected_is_empty_whatever_the_table_holds(data: Path) -> None:
    heading, *rows = table(export(data), "Fan")
    assert heading[-1] == "Net Promoter Score (not connected)"
    assert [row[-1] for row in rows] == ["", ""]


def test_zero_is_zero(data: Path) -> None:
    change(data, "update kpi_values set value = 0 where kpi_id = 'new_prospects' and period_start = '2026-01-01'")
    assert table(export(data), "Capture")[1][3] == 0


def test_levers_are_one_sheet_wherever_they_live(data: Path) -> None:
    heading, first, second = table(export(data), "Levers")
    assert heading[3:] == [
        *("New prospects", "Purchase frequency", "Prospect to customer rate"),
        "Gross margin rate (not connected)",
    ]
    assert first[1:] == [date(2026, 2, 1), True, 1350, 1.28, 0.1, ""]
    assert second[1:] == [date(2026, 3, 1), False, 81, 1.3, 0.0882, ""]


def test_one_grain_or_all_the_longest_first(data: Path) -> None:
    assert [row[0] for row in table(export(data), "Capture")[1:]] == ["month", "month", "month", "week"]
    assert [row[0] for row in table(export(data, "--grain", "week"), "Capture")[1:]] == ["week"]
    assert table(export(data, "--grain", "year"), "Capture")[1:] == []


def test_columns_that_the_table_gains_are_taken(data: Path) -> None:
    change(
        data,
        "alter table kpi_capture add column is_provisional boolean",
        "alter table kpi_capture add column last_day date",
        "update kpi_capture set is_provisional = not is_complete, last_day = '2026-03-19'",
    )
    heading, first, *_ = table(export(data, "--lang", "fr"), "Capture")
    assert heading[:5] == ["Période", "Premier jour", "Dernier jour compté", "Complète", "Provisoire"]
    assert first[:5] == ["mois", date(2026, 1, 1), date(2026, 3, 19), True, False]


def test_in_french_sheets_headings_and_meanings_are_french(data: Path) -> None:
    change(data, "update kpi_values set caveats = 'mailchimp: bot_clicks' where kpi_id = 'new_prospects'")
    out = export(data, "--lang", "fr")
    assert sheets(out) == ["À propos", "Capture", "Ascension", "Fan", "Leviers"]
    about = table(out, "À propos")
    assert about[2][:2] == ["État au", "20 mars 2026 à 20:00 (Paris)"]
    assert about[3][:2] == ["Jours chargés", "du 1er janvier 2026 au 19 mars 2026"]
    assert about[4][:2] == ["Jours de l'entreprise", "fuseau Europe/Paris ; la semaine commence le lundi"]
    prospects, cost = (row for row in about if row[2] in ("new_prospects", "cost_per_prospect"))
    assert prospects == [
        *("Capture", "New prospects (é)", "new_prospects", "Une définition.", "nombre", "entreprise", "plus haut"),
        *("hebdomadaire", "connecté", "Mailchimp"),
        "Mailchimp : les clics des analyseurs de sécurité ne se distinguent pas",
    ]
    assert (cost[4], cost[10]) == ("EUR", "")


def test_about_says_what_is_not_connected_and_what_the_marks_mean(data: Path) -> None:
    out = export(data)
    about = table(out, "About")
    states = {row[2]: row[8] for row in about if row[2]}
    assert (states["Column"], states["nps"], states["new_prospects"]) == ("State", "not connected", "connected")
    grey = next(number for number, row in enumerate(about, 1) if str(row[1]).startswith("grey italic"))
    assert look(out, "About", f"B{grey}")[1:] == (True, GREY)


def test_a_note_on_a_heading_names_the_column_and_defines_it(data: Path) -> None:
    notes = "".join(parts(export(data), r"xl/comments\d+\.xml"))
    assert "spend\nMarketing spend." in notes
    assert "new_prospects\nA definition." in notes


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "12", "https://example.org", "{=1}", "<b>&", "\t=1"])
def test_no_text_is_taken_for_a_formula_a_link_or_a_number(data: Path, text: str) -> None:
    with duckdb.connect(str(data / "marts.duckdb")) as connection:
        connection.execute("update kpi_catalog set label_en = $1, definition = $1 where kpi_id = 'nps'", [text])
        connection.execute("update dim_sources set title = ?", [text])
    out = export(data)
    [row] = [row for row in table(out, "About") if row[2] == "nps"]
    assert (row[1], row[3]) == (text.strip("\t"), text.strip("\t"))
    for xml in parts(out, r"xl/worksheets/.*"):
        assert "<f>" not in xml
        assert "yperlink" not in xml


def test_control_characters_are_left_out(data: Path) -> None:
    with duckdb.connect(str(data / "marts.duckdb")) as connection:
        connection.execute("update kpi_catalog set label_en = ? where kpi_id = 'nps'", ["bell \x07 and \x1b[31m red"])
    [row] = [row for row in table(export(data), "About") if row[2] == "nps"]
    assert row[1] == "bell  and [31m red"


def test_a_renamed_stage_names_its_sheet_as_far_as_excel_allows(data: Path) -> None:
    change(
        data,
        "create table dim_stages (stage varchar, position int, label_fr varchar, label_en varchar)",
        "insert into dim_stages values ('capture', 3, '', '=1/2 [a]: what?*'), ('fan', 7, '', 'About')",
    )
    out = export(data)
    assert sheets(out) == ["About", "=1 2 a what", "Ascension", "About 2", "Levers"]
    assert {row[0] for row in table(out, "About") if row[2] == "nps"} == {"About"}


def test_two_exports_of_one_state_are_the_same_file(data: Path) -> None:
    before = export(data).read_bytes()
    assert export(data).read_bytes() == before


def test_panes_are_frozen_and_rows_filtered(data: Path) -> None:
    out = export(data)
    [capture] = parts(out, r"xl/worksheets/sheet2\.xml")
    assert '<pane xSplit="3" ySplit="1" topLeftCell="D2"' in capture
    assert '<autoFilter ref="A1:H5"/>' in capture


def test_a_place_that_cannot_be_written_is_named(data: Path) -> None:
    result = run("export", "xlsx", "--data", data, "--out", data / "nowhere" / "kpis.xlsx")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {data}/nowhere/kpis.xlsx cannot be written (No such file or directory): choose another --out\n"
    )


def test_before_any_refresh_there_is_nothing_to_export(tmp_path: Path) -> None:
    result = run("export", "xlsx", "--data", tmp_path, "--out", tmp_path / "kpis.xlsx")
    assert result.exit_code == 1
    assert "does not exist yet. Make it: parcours refresh" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wanted", "taken", "found"),
    [
        ("Fan", [], "Fan"),
        ("fan", ["Fan"], "fan 2"),
        ("Fan", ["fan", "FAN 2"], "Fan 3"),
        ("", [], "-"),
        ("'quoted'", [], "quoted"),
        ("///", [], "-"),
        ("History", [], "History 2"),
        ("x" * 40, [], "x" * 31),
        ("x" * 40, ["x" * 31], "x" * 29 + " 2"),
        ("😀" * 20, [], "😀" * 15),
        ("a\x00b\nc", [], "ab c"),
    ],
)
def test_a_sheet_s_name_is_one_that_excel_takes(wanted: str, taken: list[str], found: str) -> None:
    assert sheet_name(wanted, taken) == found


@pytest.mark.parametrize(
    ("unit", "value", "fr", "en"),
    [
        ("rate", 0.5, "0.0%", "0.0%"),
        ("count", 3.0, "#,##0", "#,##0"),
        ("count", 57.7, "#,##0.0", "#,##0.0"),
        ("JPY", 1234.0, "#,##0\N{NO-BREAK SPACE}[$JPY]", "[$JP¥]#,##0"),
        ("USD", 1.5, "#,##0.00\N{NO-BREAK SPACE}[$$US]", "[$US$]#,##0.00"),
        ("seconds", 83.4, '#,##0.0 "s"', '#,##0.0 "s"'),
        ("days", 12.4, '#,##0.0 "jours"', '#,##0.0 "days"'),
        ("points", -12.5, "#,##0.0", "#,##0.0"),
        ("per customer", 1.28, "#,##0.00", "#,##0.00"),
    ],
)
def test_a_unit_has_its_number_format(unit: str, value: float, fr: str, en: str) -> None:
    assert (of_value(value, unit, "fr"), of_value(value, unit, "en")) == (fr, en)


def test_a_part_s_format_follows_its_name_and_type() -> None:
    assert of_part("email_open_rate_with_proxies", 0.5) == "0.0%"
    assert of_part("purchases", 3) == "#,##0"
    assert of_part("spend", 3.5) == "#,##0.00"
    assert of_part("shares_held", 3.5) == "#,##0.00"


def test_values_are_those_of_the_asked_state_alone(data: Path) -> None:
    """A KPI of two grains: no value of one stands in a row of the other."""
    with duckdb.connect(str(data / "marts.duckdb")) as connection:
        row = value(made.PROSPECTS, 1, 7, grain="week")
        connection.execute(f"insert into kpi_values values ({', '.join('?' * len(row))})", row)
    assert [row[3] for row in table(export(data), "Capture")[1:]] == [1200, 1350, 81, 300]
