"""`parcours status`: the last refreshes, and how each source fared."""

import json
from datetime import datetime, timedelta
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from app.health import show_health
from app.printing import new_table, say
from flows.one_at_a_time import holder, left_by
from flows.places import Places
from pipelines.connector import ConnectorError

SHOWN = 5
VERDICTS = {0: "[green]ok[/green]", 1: "[red]nothing published[/red]", 3: "[yellow]partial[/yellow]"}


def show_status(places: Places, console: Console) -> None:
    """Reads `runs.jsonl`, the lock and what is published, never the warehouse: it answers also while a refresh runs."""
    running = _running(places)
    if running:
        say(console, running)
    runs = _runs(places)
    if not runs:
        say(console, "No refresh has finished here yet. Start one: parcours refresh (or try: parcours demo).")
        return
    table = new_table("Last refreshes")
    for column in ("started (UTC)", "through", "outcome"):
        table.add_column(column, no_wrap=True)
    for column in ("seconds", "rows"):
        table.add_column(column, justify="right")
    table.add_column("failed sources")
    for run in runs[-SHOWN:]:
        table.add_row(*_cells(run))
    console.print(table)
    _show_last(runs[-1], console)
    show_health(places, console)


def published_at(places: Places) -> list[datetime]:
    """When the refreshes that published began, oldest first."""
    return [datetime.fromisoformat(run["started_at"]) for run in _runs(places) if run["published"]]


def check_age(places: Places, max_age: timedelta, now: datetime) -> None:
    """Raises a `ConnectorError` where no refresh that began within `max_age` has published."""
    began = published_at(places)
    if not began:
        raise ConnectorError("Nothing is published yet. Start a refresh: parcours refresh")
    if now - began[-1] > max_age:
        hours = (now - began[-1]) / timedelta(hours=1)
        raise ConnectorError(
            f"The last refresh that published began {hours:,.0f} hours ago ({began[-1]:%Y-%m-%d %H:%M} UTC), longer "
            "than --max-age: see why none has published since, then: parcours refresh"
        )


def _running(places: Places) -> str:
    note = places.data / "refresh.holder.json"
    if not note.exists():
        return ""
    try:
        with FileLock(places.data / "refresh.lock", timeout=0):
            return f"The last refresh {left_by(places.data)} ({holder(places.data)}). Run it again: nothing is lost."
    except Timeout:
        return f"A refresh is running: {holder(places.data)}."


def _runs(places: Places) -> list[dict[str, Any]]:
    """All runs, oldest first; a line that is half-written or damaged is passed over."""
    if not places.runs.exists():
        return []
    runs = []
    for line in places.runs.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            run = json.loads(line)
            _cells(run)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        runs.append(run)
    return runs


def _cells(run: dict[str, Any]) -> list[str]:
    failed = ", ".join(source["source"] for source in run["sources"] if source["status"] != "loaded")
    rows = sum(source["rows"] for source in run["sources"])
    started = run["started_at"][:19]
    return [started, run["through"], VERDICTS[run["exit_code"]], f"{run['seconds']:.1f}", f"{rows:,}", failed]


def _show_last(run: dict[str, Any], console: Console) -> None:
    """The last run's sources, then what they said: whole lines, which a cell would cut."""
    if run["sources"]:
        table = new_table(f"Sources, as of {run['as_of']}")
        table.add_column("source")
        table.add_column("status")
        table.add_column("rows", justify="right")
        table.add_column("seconds", justify="right")
        for source in run["sources"]:
            table.add_row(source["source"], source["status"], f"{source['rows']:,}", f"{source['seconds']:.1f}")
        console.print(table)
    for source in run["sources"]:
        for warning in source["warnings"]:
            say(console, f"{source['source']} warned: {warning}")
        if source["error"]:
            say(console, f"{source['source']} failed: {source['error']}")
    for fault in run.get("undelivered", []):  # a run of before has none
        say(console, f"Published, but {fault}" if run["published"] else f"Besides, {fault}")
    if run["error"]:
        say(console, f"Nothing was published: {run['error']}")
