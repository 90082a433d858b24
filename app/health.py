"""How each source fares, from the published `source_health`: freshness, quota, warnings, and what ends soon."""

import json
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.printing import new_table, say
from dashboard.published import PublishedBefore, read
from flows.places import Places
from pipelines.expiry import API_WARN_DAYS, WARN_DAYS

SHOWN_GAP = 0.01  # a report with dimensions that departs by less from its total is as good as one


def show_health(places: Places, console: Console) -> None:
    """A line per connected source, then what needs attention; nothing where nothing is published yet."""
    rows = _rows(places)
    if not rows:
        return
    table = new_table(f"Sources, as published; expected through {rows[0]['expected_through']}")
    for column in ("source", "status", "last success (UTC)", "newest data", "loaded through"):
        table.add_column(column, no_wrap=True)
    for column in ("days behind", "rows", "rows held"):
        table.add_column(column, justify="right")
    table.add_column("credential expires", no_wrap=True)
    table.add_column("quota")
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)
    for row in rows:
        for line in attention(row):
            say(console, f"{row['source']}: {line}")


def attention(row: dict[str, Any]) -> list[str]:
    """What somebody should look at, of one source."""
    found = [row["error"]] if row["error"] else []
    found += json.loads(row["warnings"])
    if row["days_behind"] is not None and row["days_behind"] > 0:
        found.append(f"its data are {row['days_behind']} days behind")
    if row["api_days_left"] is not None and row["api_days_left"] < API_WARN_DAYS:
        found.append(f"an API that it calls ends {row['api_ends_on']}: upgrade Parcours before")
    if row["new_fields"]:
        found.append(f"the vendor added fields that are not loaded: {row['new_fields']}")
    if row["widest_gap_share"] is not None and abs(row["widest_gap_share"]) >= SHOWN_GAP:
        found.append(f"{row['widest_gap_in']} departs by {row['widest_gap_share']:+.1%} from its total")
    return found


def _rows(places: Places) -> list[dict[str, Any]]:
    if not places.marts.exists():
        return []
    try:
        return read(places.marts, "select * from marts.source_health where is_connected order by source")
    except PublishedBefore:
        return []


def _cells(row: dict[str, Any]) -> list[str]:
    success = row["last_success_at"]
    behind = "" if row["days_behind"] is None else str(row["days_behind"])
    quota = "; ".join(f"{what}: {said}" for what, said in json.loads(row["quota"]).items())
    return [
        row["source"],
        row["status"],
        f"{success:%Y-%m-%d %H:%M}" if success else "never",
        str(row["newest_day"] or ""),
        str(row["loaded_through"] or ""),
        behind,
        f"{row['rows_loaded']:,}",
        f"{row['rows_held']:,}",
        _expiry(row),
        escape(quota),
    ]


def _expiry(row: dict[str, Any]) -> str:
    """The day and how far off it is; nothing where a credential has no end, or it is not known."""
    day, left = row.get("credential_expires_on"), row.get("credential_days_left")  # published before there were any
    if day is None or left is None:
        return ""
    told = f"{day} ({left} days)"
    return f"[yellow]{told}[/yellow]" if left < WARN_DAYS else told
