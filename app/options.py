"""Options that several commands share, and how a command shows its examples."""

from pathlib import Path
from typing import Annotated

import typer

from app.choices import Language
from flows.places import PROJECT

SettingsFile = Annotated[
    Path,
    typer.Option(
        "--settings",
        envvar="PARCOURS_SETTINGS",
        resolve_path=True,
        help="The business: what is connected, zone, currency.",
    ),
]
DataFolder = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="PARCOURS_DATA",
        resolve_path=True,
        help="Where the warehouse and the published file live.",
    ),
]
InLanguage = Annotated[
    Language, typer.Option("--lang", envvar="PARCOURS_LANG", help="The language of labels, headings, numbers.")
]
SETTINGS = PROJECT / "parcours.toml"
DATA = PROJECT / "data"


def examples(*commands: str) -> str:
    """The end of a command's help."""
    return "\n\n".join(["Examples:", *(f"[bold]{command}[/bold]" for command in commands)])
