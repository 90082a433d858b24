"""`parcours kpi`: the published KPIs as a table with sparklines, as JSON or as CSV. No arithmetic."""

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from flows.places import Places
from pipelines.connector import ConnectorError

GRAINS = ("day", "week", "month", "quarter", "year")
STAGES = (
    "awareness", "engagement", "capture", "conversion", "experience", "ascension", "fan", "ambassador", "levers",
)  # fmt: skip
BARS = "▁▂▃▄▅▆▇█"
SPARK_PERIODS = 26


@dataclass(frozen=True)
class Series:
    """One KPI at one grain: its catalogue row and its values, oldest first."""

    kpi_id: str
    stage: str
    label: str
    unit: str
    rows: list[dict[str, Any]]


def show_kpis(places: Places, stage: str | None, grain: str, output: str, console: Console) -> None:
    """Print the KPIs of a stage, or of all."""
    if grain not in GRAINS:
        raise ConnectorError(f"{grain!r} is no grain; choose one of {', '.join(GRAINS)}.")
    if stage is not None and stage not in STAGES:
        raise ConnectorError(f"{stage!r} is no stage; choose one of {', '.join(STAGES)}.")
    rows = read_values(places.marts, stage, grain)
    if output == "json":
        json.dump(rows, sys.stdout, default=str, indent=2)
        sys.stdout.write("\n")
    elif output == "csv":
        writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else ["kpi_id"])
        writer.writeheader()
        writer.writerows(rows)
    elif output == "table":
        show_tables(rows, grain, console)
    else:
        raise ConnectorError(f"{output!r} is no format; choose one of table, json, csv.")


def read_values(marts: Path, stage: str | None, grain: str) -> list[dict[str, Any]]:
    """The rows of `kpi_values` with the catalogue's labels, in the catalogue's order."""
    if not marts.exists():
        raise ConnectorError(f"{marts} does not exist yet. Make it: parcours refresh (or try: parcours demo).")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{marts}' as marts (read_only)")
        found = connection.execute(
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
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def show_tables(rows: list[dict[str, Any]], grain: str, console: Console) -> None:
    """A table per stage: the last complete period, the open one, and a sparkline of the past."""
    series = _series(rows)
    for stage in STAGES:
        of_stage = [one for one in series if one.stage == stage]
        if not of_stage:
            continue
        table = Table(
            "KPI", "last complete", "", "so far", "", "history", title=f"{stage} by {grain}", title_justify="left"
        )
        for one in of_stage:
            table.add_row(*_cells(one))
        console.print(table)
    console.print("~ provisional: a source may still restate it.   [dim]Details: select * from kpi_values[/dim]")


def _series(rows: list[dict[str, Any]]) -> list[Series]:
    found: dict[tuple[str, str], Series] = {}
    for row in rows:
        key = (row["stage"], row["kpi_id"])
        series = found.setdefault(key, Series(row["kpi_id"], row["stage"], row["label_en"], row["unit"], []))
        series.rows.append(row)
    return list(found.values())


def _cells(one: Series) -> list[str]:
    complete = [row for row in one.rows if row["is_complete"]]
    last = complete[-1] if complete else None
    latest = one.rows[-1]
    still_open = None if latest["is_complete"] else latest
    if not latest["is_connected"]:
        return [one.label, "[dim]not connected[/dim]", "", "", "", ""]
    return [
        one.label,
        _shown(last, one.unit),
        f"[dim]{last['period_start']}[/dim]" if last else "",
        _shown(still_open, one.unit),
        f"[dim]{still_open['period_start']}[/dim]" if still_open else "",
        sparkline([row["value"] for row in one.rows[-SPARK_PERIODS:]]),
    ]


def _shown(row: dict[str, Any] | None, unit: str) -> str:
    if row is None or row["value"] is None:
        return "–"
    value = row["value"]
    text = f"{value:.2%}" if unit == "rate" else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    suffix = "" if unit in ("rate", "count") else f" {unit}"
    return f"{'~' if row['is_provisional'] else ''}{text}{suffix}"


def sparkline(values: list[float | None]) -> str:
    """Bars from the lowest to the highest value; a gap where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(BARS) - 1
    return "".join(" " if value is None else BARS[round((value - low) / span * top) if span else 0] for value in values)
