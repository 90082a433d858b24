"""`parcours`: refresh the warehouse, look at the KPIs, see how the sources fare."""

import logging
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.places import PROJECT, Places

console = Console()
cli = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # a local variable may hold a secret
    help="Marketing KPIs from every tool of a small business, in one DuckDB file that can be trusted.",
)

SettingsFile = Annotated[
    Path,
    typer.Option("--settings", envvar="PARCOURS_SETTINGS", help="The business: what is connected, zone, currency."),
]
DataFolder = Annotated[
    Path, typer.Option("--data", envvar="PARCOURS_DATA", help="Where the warehouse and the published file live.")
]
SETTINGS = PROJECT / "parcours.toml"
DATA = PROJECT / "data"


@cli.command(epilog="Example: [bold]parcours demo[/bold]")
def demo(
    months: Annotated[int, typer.Option(min=1, help="Months of history to load.")] = 13,
    data: DataFolder = DATA,
) -> None:
    """Load 13 months from simulated vendors, twice, and show every KPI table."""
    from app.demo import run_demo

    raise typer.Exit(run_demo(months, Places(data), console))


@cli.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Example: [bold]parcours sandbox --port 8765 --first-day 2025-10-01[/bold]",
)
def sandbox(context: typer.Context) -> None:
    """Start the simulated vendors by hand; prints what to export so that a refresh talks to them."""
    import runpy

    sys.argv = ["parcours sandbox", *context.args]
    runpy.run_module("sandbox", run_name="__main__")


@cli.command(
    epilog="Examples: [bold]parcours check[/bold] · [bold]parcours check mailchimp facebook_ads[/bold]",
)
def check(
    sources: Annotated[list[str] | None, typer.Argument(help="Only these; default: all connected.")] = None,
    settings: SettingsFile = SETTINGS,
) -> None:
    """Call each connected vendor cheaply: account, zone, currency, permissions; or exactly what to fix."""
    from app.checks import check_sources
    from pipelines.settings import read_settings

    raise typer.Exit(check_sources(read_settings(settings), sources or [], console))


@cli.command(
    epilog="Examples: [bold]parcours refresh[/bold] · [bold]parcours refresh --source mailchimp --dry-run[/bold] · "
    "[bold]parcours refresh --through 2026-10-31[/bold]",
)
def refresh(
    source: Annotated[list[str] | None, typer.Option(help="Load only this source; may be repeated.")] = None,
    through: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last business day asked for.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The instant this refresh counts as, ISO 8601 with zone.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked of whom, and stop.")] = False,
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Load every connected source, build and test the models, publish.

    Exit codes: 0 all well; 1 nothing published; 3 published, though a source failed.
    """
    from app.plans import show_plans
    from flows.refresh import run_refresh, through_by_default
    from pipelines.settings import read_settings

    business = read_settings(settings)
    instant = _instant(as_of)
    last_day = through.date() if through else through_by_default(instant, business)
    only = _known(source or [], business.connected)
    if dry_run:
        show_plans(business, Places(data), last_day, instant, only, console)
        return
    outcome = run_refresh(business, Places(data), last_day, instant, only, console.print)
    if outcome.error:
        console.print(f"[red]Nothing was published.[/red] {outcome.error}", markup=True)
    raise typer.Exit(outcome.exit_code)


@cli.command(epilog="Example: [bold]parcours status[/bold]")
def status(data: DataFolder = DATA) -> None:
    """The last refreshes, and how each source fared."""
    from app.status import show_status

    show_status(Places(data), console)


@cli.command(
    epilog="Examples: [bold]parcours kpi[/bold] · [bold]parcours kpi capture --grain week[/bold] · "
    "[bold]parcours kpi --format csv > kpis.csv[/bold]",
)
def kpi(
    stage: Annotated[str | None, typer.Argument(help="awareness … ambassador, or levers; default: all.")] = None,
    grain: Annotated[str, typer.Option(help="day, week, month, quarter or year.")] = "month",
    output: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    data: DataFolder = DATA,
) -> None:
    """Show the published KPIs."""
    from app.kpis import show_kpis

    show_kpis(Places(data), stage, grain, output, console)


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time; try 2026-10-31T20:00:00+01:00") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no zone; try {text}+00:00")
    return moment.astimezone(UTC)


def _known(sources: list[str], connected: list[str]) -> list[str]:
    for source in sources:
        if source not in connected:
            raise typer.BadParameter(f"{source!r} is not connected; connected are: {', '.join(connected) or 'none'}")
    return sources


def main() -> None:
    """The console script: errors that say what to do, without a traceback."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    from pipelines.connector import ConnectorError

    try:
        cli()
    except ConnectorError as error:
        Console(stderr=True).print(f"[red]Error:[/red] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
