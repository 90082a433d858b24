"""`parcours status`: the last refreshes, and how each source fared."""

import json
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console
from rich.table import Table

from flows.one_at_a_time import holder
from flows.places import Places

SHOWN = 5
VERDICTS = {0: "[green]ok[/green]", 1: "[red]nothing published[/red]", 3: "[yellow]partial[/yellow]"}


def show_status(places: Places, console: Console) -> None:
    """Reads `runs.jsonl` and the lock, never the warehouse: it answers also while a refresh runs or has died."""
    running = _running(places)
    if running:
        console.print(running, markup=False)
    if not places.runs.exists():
        console.print("No refresh has finished here yet. Start one: parcours refresh (or try: parcours demo).")
        return
    runs = [json.loads(line) for line in places.runs.read_text(encoding="utf-8").splitlines()[-SHOWN:]]
    table = Table("started", "through", "outcome", "seconds", "rows", "failed sources", title="Last refreshes")
    for run in runs:
        failed = ", ".join(source["source"] for source in run["sources"] if source["status"] == "failed")
        rows = sum(source["rows"] for source in run["sources"])
        table.add_row(
            run["started_at"][:19], run["through"], VERDICTS[run["exit_code"]], str(run["seconds"]), f"{rows:,}", failed
        )
    console.print(table)
    _show_last(runs[-1], console)


def _running(places: Places) -> str:
    note = places.data / "refresh.holder.json"
    if not note.exists():
        return ""
    try:
        with FileLock(places.data / "refresh.lock", timeout=0):
            return f"The last refresh was killed ({holder(places.data)}). Run it again: nothing is lost."
    except Timeout:
        return f"A refresh is running: {holder(places.data)}."


def _show_last(run: dict[str, Any], console: Console) -> None:
    if run["error"]:
        console.print(f"[red]Error:[/red] {run['error']}")
    table = Table("source", "status", "rows", "seconds", "warnings and errors", title=f"Sources, as of {run['as_of']}")
    for source in run["sources"]:
        said = "\n".join([*source["warnings"], source["error"]]).strip()
        table.add_row(source["source"], source["status"], f"{source['rows']:,}", str(source["seconds"]), said)
    console.print(table)
