"""`parcours kpi`: the published KPIs as a table with sparklines, as JSON or as CSV. No arithmetic."""

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.markup import escape

from app.choices import Format, Grain, Stage
from app.printing import new_table
from dashboard.published import read
from flows.places import Places
from pipelines.connector import ConnectorError

BARS = "▁▂▃▄▅▆▇█"
SPARK_PERIODS = 14  # a year of months to compare with, and the one that is open
PERIOD_CHARACTERS = {"month": 7, "year": 4}  # of an ISO day; other periods are named by their first day
LABEL_WIDTH, VALUE_WIDTH, UNIT_WIDTH = 30, 13, 12  # the same in every stage, so that the tables line up
BESIDE_LABEL = 92  # what all other columns take
NARROWEST_LABEL = 20  # a narrower terminal shows no history: the values must not be cut


@dataclass(frozen=True)
class Series:
    """One KPI at one grain: its catalogue row and its values, oldest first."""

    kpi_id: str
    stage: str
    label: str
    unit: str
    rows: list[dict[str, Any]]


def show_kpis(places: Places, stage: Stage | None, grain: Grain, output: Format, console: Console) -> None:
    """Print the KPIs of a stage, or of all."""
    rows = read_values(places.marts, stage, grain)
    if output == "json":
        json.dump(rows, sys.stdout, default=str, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    elif output == "csv":
        writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else ["kpi_id"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        show_tables(rows, grain, console)


def read_values(marts: Path, stage: str | None, grain: str) -> list[dict[str, Any]]:
    """The rows of `kpi_values` with the catalogue's labels, in the catalogue's order."""
    if not marts.exists():
        raise ConnectorError(f"{marts} does not exist yet. Make it: parcours refresh (or try: parcours demo).")
    return read(
        marts,
        """
        select
            kpi_values.* replace (case when $stage = 'levers' then 'levers' else kpi_values.stage end as stage),
            kpi_catalog.label_en, kpi_catalog.label_fr, kpi_catalog.good
        from marts.kpi_values
        join marts.kpi_catalog using (kpi_id)
        where kpi_values.grain = $grain
        and coalesce(kpi_values.stage = $stage or ($stage = 'levers' and kpi_catalog.is_lever), true)
        order by kpi_catalog.position, kpi_values.period_start
        """,
        {"grain": grain, "stage": stage},
    )


def show_tables(rows: list[dict[str, Any]], grain: str, console: Console) -> None:
    """A table per stage: the last complete period, the open one, and a sparkline of the past."""
    series = _series(rows)
    for stage in get_args(Stage):
        of_stage = [one for one in series if one.stage == stage]
        if of_stage:
            _show_stage(stage, grain, of_stage, console)
    console.print("~ provisional: a source may still restate it.   [dim]Details: select * from kpi_values[/dim]")


def _show_stage(stage: str, grain: str, series: list[Series], console: Console) -> None:
    label_width = min(LABEL_WIDTH, console.width - BESIDE_LABEL)
    is_wide = label_width >= NARROWEST_LABEL
    table = new_table(f"{stage} by {grain}")
    table.add_column("KPI", width=label_width if is_wide else None)
    for name in ("last complete", "so far"):
        table.add_column(name, justify="right", no_wrap=True, width=VALUE_WIDTH if is_wide else None)
        table.add_column("", style="dim", no_wrap=True)
    table.add_column("unit", no_wrap=True, width=UNIT_WIDTH if is_wide else None)
    if is_wide:
        table.add_column("history", no_wrap=True, width=SPARK_PERIODS)
    for one in series:
        table.add_row(*_cells(one)[: len(table.columns)])
    console.print(table)


def _series(rows: list[dict[str, Any]]) -> list[Series]:
    found: dict[tuple[str, str], Series] = {}
    for row in rows:
        key = (row["stage"], row["kpi_id"])
        series = found.setdefault(key, Series(row["kpi_id"], row["stage"], row["label_en"], row["unit"], []))
        series.rows.append(row)
    return list(found.values())


def _cells(one: Series) -> list[str]:
    complete = [row for row in one.rows if row["is_complete"]]
    latest = one.rows[-1]
    if not latest["is_connected"]:
        return [escape(one.label), "[dim]not connected[/dim]", "", "", "", "", ""]
    return [
        escape(one.label),
        *_value_and_period(complete[-1] if complete else None, one.unit),
        *_value_and_period(None if latest["is_complete"] else latest, one.unit),
        "" if one.unit in ("rate", "count") else escape(one.unit),
        sparkline([row["value"] for row in one.rows[-SPARK_PERIODS:]]),
    ]


def _value_and_period(row: dict[str, Any] | None, unit: str) -> list[str]:
    if row is None:
        return ["–", ""]
    period = str(row["period_start"])[: PERIOD_CHARACTERS.get(row["grain"])]
    value = row["value"]
    if value is None:
        return ["–", period]
    text = f"{value:.2%}" if unit == "rate" else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return [f"{'~' if row['is_provisional'] else ''}{text}", period]


def sparkline(values: list[float | None]) -> str:
    """Bars from the lowest to the highest value; a gap where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(BARS) - 1
    return "".join(" " if value is None else BARS[round((value - low) / span * top) if span else 0] for value in values)
