"""`parcours refresh --dry-run`: what would be asked of whom."""

from datetime import date, datetime

from rich.console import Console
from rich.table import Table

from flows.places import Places
from pipelines.load import Asked, plan_load
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings


def show_plans(
    settings: Settings, places: Places, through: date, as_of: datetime, only: list[str], console: Console
) -> None:
    """A line per table and account, with the days a refresh would read; no vendor is called, nothing is written."""
    business = settings.business
    asked = Asked(through, as_of, business.zone, business.history_start)
    table = Table("source", "table", "account", "from", "through", "why", title="A refresh would read")
    for name in only or settings.connected:
        connector = CONNECTORS[name]
        for pull in plan_load(connector, settings.sources[name], places.warehouse, asked).pulls:
            first = pull.first_day == business.history_start
            why = "all history" if first else f"re-read of {connector.tables[pull.table].reread_days} days"
            table.add_row(name, pull.table, pull.account_id, str(pull.first_day), str(pull.last_day), why)
    console.print(table)
