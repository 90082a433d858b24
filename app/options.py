"""What several commands take: where the settings and the data lie, an instant; and how their examples are shown."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.choices import Language
from flows.places import PROJECT

SETTINGS = PROJECT / "parcours.toml"
DATA = PROJECT / "data"
AGES = {"m": "minutes", "h": "hours", "d": "days"}

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


def examples(*commands: str) -> str:
    """The end of a command's help."""
    return "\n\n".join(["Examples:", *(f"[bold]{command}[/bold]" for command in commands)])


def age(text: str) -> timedelta:
    """What --max-age says."""
    found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text)
    if not found:
        raise typer.BadParameter(f"{text!r} is no age; try 90m, 26h or 2d")
    return timedelta(**{AGES[found[2]]: int(found[1])})


def instant(text: str | None) -> datetime:
    """What --as-of says, in UTC; now where it says nothing."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no ISO 8601 time; try 2026-10-31T20:00:00+01:00", param_hint="--as-of"
        ) from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no zone; try {moment.isoformat()}+00:00", param_hint="--as-of")
    return moment.astimezone(UTC)
