"""`parcours diff`: which values differ between two published files, and why where the newer one knows it."""

from collections import Counter
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.choices import Format
from app.printing import new_table, print_csv, print_json, say
from dashboard.locales import value_text
from dashboard.published import Rows, opened

Row = dict[str, Any]
Key = tuple[str, str, date]  # of a value: KPI, grain, first day

SHOWN = 40  # values in the table; the other formats give all
VALUE = ("kpi_id", "grain", "period_start")
# What is compared of each; `as_of` is another one in each file.
COMPARED = (
    *("value", "numerator", "denominator", "unit", "is_connected", "is_complete", "is_provisional"),
    *("sources", "missing_sources", "caveats"),
)
COLUMNS = (*VALUE, *(f"{name}_{when}" for name in COMPARED for when in ("before", "after")), "cause")
NO_CAUSE, NEW, GONE = "not told", "new period", "gone"


def show_differences(before: Path, after: Path, output: Format, console: Console) -> int:
    """Print them; 0 where there are none, else 1."""
    rows = differences(before, after)
    if output == "json":
        print_json(rows)
    elif output == "csv":
        print_csv(rows, COLUMNS)
    elif rows:
        _show_tables(rows, console)
    else:
        say(console, "No value differs.")
    return min(len(rows), 1)


def differences(before: Path, after: Path) -> Rows:
    """Every value that differs, itself or in its parts, flags, sources or caveats, or that only one file has."""
    with opened(before) as ask:
        older = _by_key(ask("from marts.kpi_values"))
    with opened(after) as ask:
        newer = _by_key(ask("from marts.kpi_values"))
        revisions = ask("from marts.kpi_revisions order by changed_at")
    changed = [key for key in sorted(older.keys() | newer.keys()) if _differs(older.get(key), newer.get(key))]
    since = {key: older[key]["as_of"] for key in older.keys() & newer.keys()}
    causes = _causes(revisions, since)
    rows = []
    for key in changed:
        old, new = older.get(key, {}), newer.get(key, {})
        compared = [(old.get(name), new.get(name)) for name in COMPARED]
        cause = causes.get(key, NO_CAUSE) if old and new else NEW if new else GONE
        rows.append(dict(zip(COLUMNS, (*key, *chain.from_iterable(compared), cause), strict=True)))
    return rows


def _by_key(rows: Rows) -> dict[Key, Row]:
    return {_key(row): row for row in rows}


def _key(row: Row) -> Key:
    return row["kpi_id"], row["grain"], row["period_start"]


def _differs(old: Row | None, new: Row | None) -> bool:
    return not old or not new or any(old[name] != new[name] for name in COMPARED)


def _causes(revisions: Rows, since: dict[Key, datetime]) -> dict[Key, str]:
    """What the newer file says of the changes after the older one, each cause once."""
    found: dict[Key, dict[str, None]] = {}
    for row in revisions:
        key = _key(row)
        if key in since and row["changed_at"] > since[key]:
            found.setdefault(key, {})[row["cause"]] = None
    return {key: "; ".join(causes) for key, causes in found.items()}


def _show_tables(rows: Rows, console: Console) -> None:
    counts = Counter((row["kpi_id"], row["cause"]) for row in rows)
    summary = new_table("What differs, by KPI and cause")
    for column in ("KPI", "cause"):
        summary.add_column(column)
    summary.add_column("values", justify="right")
    for (kpi_id, cause), count in counts.items():
        summary.add_row(escape(kpi_id), escape(cause), str(count))
    console.print(summary)
    table = new_table("Values")
    for column in ("KPI", "grain", "period", "before", "after", "also"):
        table.add_column(column, justify="right" if column in ("before", "after") else "left")
    for row in sorted(rows, key=_turn)[:SHOWN]:
        table.add_row(*_cells(row))
    console.print(table)
    if len(rows) > SHOWN:
        say(console, f"{len(rows) - SHOWN} more: --format csv gives all.")


def _turn(row: Row) -> tuple[bool, bool]:
    """What moved comes first, then what only its flags tell, then what one file alone has."""
    return row["cause"] in (NEW, GONE), row["value_before"] == row["value_after"]


def _cells(row: Row) -> list[str]:
    values = [
        value_text(row[f"value_{when}"], row[f"unit_{when}"], "en") if row[f"unit_{when}"] else ""
        for when in ("before", "after")
    ]
    is_in_both = row["cause"] not in (NEW, GONE)
    also = [name for name in COMPARED[1:] if is_in_both and row[f"{name}_before"] != row[f"{name}_after"]]
    return [escape(row["kpi_id"]), row["grain"], str(row["period_start"]), *values, ", ".join(also)]
