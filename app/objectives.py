"""`parcours objectives`: the objectives in force with their states, as published. No arithmetic."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.choices import Output
from app.printing import new_table, print_json, say
from dashboard.published import read
from flows.places import Places

COLORS = {"on track": "green", "at risk": "yellow", "off track": "red"}


def show_objectives(places: Places, output: Output, console: Console) -> None:
    """Print every objective in force with the KPIs that follow it."""
    rows = read_objectives(places.marts)
    if output == "json":
        print_json(rows)
    elif not rows:
        say(console, "No objective is in force. Write one into parcours.toml ([[objectives]]), then: parcours refresh")
    else:
        _show_table(rows, console)


def read_objectives(marts: Path) -> list[dict[str, Any]]:
    """The rows of `kpi_scorecard` with what their objectives say, along the journey."""
    return read(
        marts,
        """
        select
            card.*, objectives.sentence, objectives.serves, objectives.contributors, objectives.review_cadence,
            objectives.version, objectives.valid_from,
            replace(kpi_catalog.unit, 'money', dim_business.reporting_currency) as unit,
            kpi_catalog.label_fr, kpi_catalog.label_en
        from marts.kpi_scorecard as card
        join marts.objectives on card.objective_id = objectives.objective_id and objectives.is_current
        join marts.dim_stages on card.stage = dim_stages.stage
        join marts.kpi_catalog on card.kpi_id = kpi_catalog.kpi_id
        cross join marts.dim_business
        order by dim_stages.position, card.objective_id, card.position
        """,
    )


def _show_table(rows: list[dict[str, Any]], console: Console) -> None:
    table = new_table("Objectives, as published")
    for column in ("objective", "KPI"):
        table.add_column(column)
    for column in ("value", "expected", "target"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("by", "state", "owner", "review due"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)
    for row in rows:
        if row["position"] == 1:
            say(console, f"{row['objective_id']}: {row['sentence']}")


def _cells(row: dict[str, Any]) -> list[str]:
    color, due = COLORS.get(row["status"], "dim"), str(row["review_due_on"])
    return [
        escape(row["objective_id"]) if row["position"] == 1 else "",
        escape(row["label_en"]),
        ("~" if row["is_provisional"] else "") + _shown(row["latest_value"], row["unit"]),
        _shown(row["expected_value"], row["unit"]),
        _shown(row["target_value"], row["unit"]),
        str(row["target_day"] or ""),
        f"[{color}]{row['status']}[/{color}]",
        escape(row["owner"]) if row["position"] == 1 else "",
        f"[yellow]{due} overdue[/yellow]" if row["is_review_overdue"] else due,
    ]


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "rate":
        return f"{value:.2%}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
