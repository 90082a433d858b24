"""Help, and the command that shows KPIs."""

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from app.cli import cli
from tests.app.commands import PROJECT, run, words

GROUP = typer.main.get_group(cli)
COMMANDS = GROUP.commands
WITHIN = [(name, within) for name, group in COMMANDS.items() for within in getattr(group, "commands", ())]


def test_help_lists_every_command_and_what_the_exit_codes_mean() -> None:
    said = words(run("--help").stdout)
    for name in (
        "init",
        "demo",
        "sandbox",
        "check",
        "refresh",
        "status",
        "kpi",
        "dashboard",
        "digest",
        "objectives",
        "objective",
        "export",
        "diff",
        "mcp",
    ):
        assert name in said
    assert "Exit codes: 0 done; 1 not done" in said
    told = words(run("refresh", "--help").stdout)
    assert "1 nothing published; 3 published, though a source, a part of one, or what the settings want done" in told


@pytest.mark.parametrize("path", [*((name,) for name in COMMANDS), *WITHIN], ids=" ".join)
def test_every_command_has_examples_that_parse(path: tuple[str, ...]) -> None:
    examples = re.findall(r"^ (parcours .*?)\s*$", run(*path, "--help").stdout, re.MULTILINE)
    assert examples
    for example in examples:
        arguments = shlex.split(example.split(" > ")[0])[1:]
        assert tuple(arguments[: len(path)]) == path
        command: Any = GROUP
        while arguments and hasattr(command, "commands"):  # a group may do something by itself
            command = command.commands[arguments.pop(0)]
        command.make_context(path[-1], arguments)  # a usage error would be raised


def test_the_command_line_begins_without_what_only_some_commands_need() -> None:
    asked = (
        "import sys, app.cli; print([name for name in ('dlt', 'duckdb', 'prefect', 'pyarrow') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", asked], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"


def test_kpis_are_a_table_by_default(marts: Path) -> None:
    result = run("kpi", "--data", marts)
    assert result.exit_code == 0
    assert "New prospects 1,350 2026-02 ~81 2026-03 ▇█▁" in words(result.stdout)


def test_the_language_is_an_option_or_the_environment_s(marts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Capture par mois" in run("kpi", "--lang", "fr", "--data", marts).stdout
    monkeypatch.setenv("PARCOURS_LANG", "fr")
    assert "Capture par mois" in run("kpi", "--data", marts).stdout
    assert "Capture by month" in run("kpi", "--lang", "en", "--data", marts).stdout
    assert "'de' is not one of 'fr', 'en'" in words(run("kpi", "--lang", "de", "--data", marts).stderr)


def test_kpis_of_a_stage(marts: Path) -> None:
    said = run("kpi", "fan", "--data", marts).stdout
    assert "Net Promoter Score" in said
    assert "New prospects" not in said


def test_kpis_as_json_are_what_the_file_holds(marts: Path) -> None:
    found = json.loads(run("kpi", "capture", "--format", "json", "--data", marts).stdout)
    assert [(row["kpi_id"], row["period_start"], row["value"]) for row in found] == [
        ("new_prospects", "2026-01-01", 1200),
        ("new_prospects", "2026-02-01", 1350),
        ("new_prospects", "2026-03-01", 81),
        ("cost_per_prospect", "2026-01-01", 10),
        ("cost_per_prospect", "2026-02-01", 57.743),
        ("cost_per_prospect", "2026-03-01", None),
    ]
    assert found[0]["as_of"] == "2026-03-20 19:00:00+00:00"
    assert found[0]["label_fr"] == "New prospects (é)"


def test_kpis_as_csv_are_what_the_file_holds(marts: Path) -> None:
    text = run("kpi", "--format", "csv", "--grain", "week", "--data", marts).stdout
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["kpi_id"], row["grain"], row["value"], row["is_complete"]) == ("new_prospects", "week", "300.0", "True")
    assert "\r" not in text


def test_what_is_not_connected_is_empty_in_csv_and_null_in_json(marts: Path) -> None:
    row = next(csv.DictReader(io.StringIO(run("kpi", "fan", "--format", "csv", "--data", marts).stdout)))
    assert (row["value"], row["is_connected"]) == ("", "False")
    assert json.loads(run("kpi", "fan", "--format", "json", "--data", marts).stdout)[0]["value"] is None


def test_levers_are_four_wherever_they_live(marts: Path) -> None:
    found = json.loads(run("kpi", "levers", "--format", "json", "--data", marts).stdout)
    named = ["new_prospects", "purchase_frequency", "prospect_to_customer_rate", "gross_margin_rate"]
    assert list(dict.fromkeys(row["kpi_id"] for row in found)) == named
    assert {row["stage"] for row in found} == {"levers"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lever"], "'lever' is not one of 'awareness', 'engagement', 'capture',"),
        (["--grain", "months"], "'months' is not one of 'day', 'week', 'month', 'quarter', 'year', 'auto'"),
        (["--format", "xml"], "'xml' is not one of 'table', 'json', 'csv'"),
    ],
)
def test_a_wrong_choice_is_answered_with_the_right_ones(marts: Path, arguments: list[str], said: str) -> None:
    result = run("kpi", *arguments, "--data", marts)
    assert result.exit_code == 2
    assert said in words(result.stderr)


def test_kpis_before_any_refresh(tmp_path: Path) -> None:
    result = run("kpi", "--data", tmp_path)
    assert result.exit_code == 1
    expected = (
        f"Error: {tmp_path}/marts.duckdb does not exist yet. Make it: parcours refresh (or try: parcours demo).\n"
    )
    assert result.stderr == expected
    assert result.stdout == ""
