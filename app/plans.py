"""`parcours refresh --dry-run`: what would be asked of whom."""

from collections import Counter
from datetime import date, datetime

from rich.console import Console
from rich.markup import escape

from app.printing import new_table
from app.ready import still_asked
from flows.places import Places
from pipelines.plan import plan_load
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings


def show_plans(
    settings: Settings, places: Places, through: date, as_of: datetime, only: list[str], console: Console
) -> None:
    """A line per table and account, with the days a refresh would read; no vendor is called, nothing is written."""
    table = new_table("A refresh would read")
    for column in ("source", "table", "account", "from", "through", "why"):
        table.add_column(column, no_wrap=column in ("from", "through"), overflow="fold")
    for line, count in _lines(settings, places, through, as_of, only).items():
        *cells, why = line
        table.add_row(*map(escape, cells), why if count == 1 else f"{why}, {count} reports")
    console.print(table)
    console.print("Nothing was asked, nothing was written.")


def _lines(
    settings: Settings, places: Places, through: date, as_of: datetime, only: list[str]
) -> Counter[tuple[str, ...]]:
    """What each table asks of each account and why; how often, where several reports make one table."""
    lines: Counter[tuple[str, ...]] = Counter()
    for name in only or still_asked(settings, places):
        asked = settings.business.asked(through, as_of).of(settings.sources[name])
        plan = plan_load(CONNECTORS[name], settings.sources[name], places.warehouse, asked)
        for pull in plan.pulls:
            window = CONNECTORS[name].tables[pull.table].reread_days
            why = "new days, deep re-read" if plan.kind == "deep" else f"new days, and {window} re-read"
            if pull.first_day == asked.history_start:
                why = "all history"
            lines[name, pull.table, pull.account_id, str(pull.first_day), str(pull.last_day), why] += 1
    return lines
