"""`parcours alerts`: what is wrong and was told, and whether a message arrives."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from app.options import DATA, SETTINGS, DataFolder, SettingsFile, examples
from app.printing import complain, new_console, new_table, say
from flows.places import Places

EXAMPLES = ("parcours alerts", "parcours alerts test", 'parcours alerts tell "The backup failed."')

alerts = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="rich",
    help="Show what is wrong since when, as the refreshes told it; or try whether a message arrives.",
    epilog=examples(*EXAMPLES),
)


@alerts.callback()
def show(context: typer.Context, data: DataFolder = DATA) -> None:
    """What is open, and what could not be told yet."""
    if context.invoked_subcommand:
        return
    from flows.told import read

    known, console = read(Places(data)), new_console()
    if not known.incidents:
        say(console, "Nothing is wrong that a refresh was to tell: see [alerts] of the settings.")
    else:
        table = new_table("Wrong since (UTC)")
        table.show_header = False
        for one in sorted(known.incidents.values(), key=lambda one: one.since):
            table.add_row(f"{one.since:%Y-%m-%d %H:%M}", escape(one.what))
        console.print(table)
    for name, lines in known.unsent.items():
        if lines:
            say(console, f"{name} lacks {len(lines)} of what was to be told; the next refresh tries again.")


@alerts.command("test", epilog=examples("parcours alerts test"))
def try_addresses(settings: SettingsFile = SETTINGS) -> None:
    """Send a message to each address of the settings.

    Exit codes: 0 each service took it; 1 one did not.
    """
    _send("", settings)


@alerts.command(epilog=examples('parcours alerts tell "The backup of tonight failed."'))
def tell(
    text: Annotated[str, typer.Argument(help="What to tell.")],
    settings: SettingsFile = SETTINGS,
) -> None:
    """Tell something to each address of the settings, such as from a script that failed.

    Exit codes: 0 each service took it; 1 one did not.
    """
    _send(text, settings)


def _send(text: str, settings: Path) -> None:
    from app.ready import ready
    from flows.alerts import send

    end_told(send(ready(settings), text))


def end_told(faults: dict[str, str]) -> NoReturn:
    """Say which address was told and which was not, and end."""
    for name, fault in faults.items():
        if fault:
            complain(fault)
        else:
            say(new_console(), f"told {name}")
    raise typer.Exit(any(faults.values()))
