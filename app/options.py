"""What several commands take: where the settings and the data lie, an instant; and how their examples are shown."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from app.choices import Language
from flows.places import PROJECT

SETTINGS_NAME = "parcours.toml"
SETTINGS_VARIABLE, DATA_VARIABLE = "PARCOURS_SETTINGS", "PARCOURS_DATA"
# What is not given is worked out when the command begins, since it depends on where that is.
SETTINGS: Any = None
DATA: Any = None
AGES = {"m": "minutes", "h": "hours", "d": "days"}


def settings_file(given: Path | str | None = None) -> Path:
    """The settings of the business: those given, else of the environment, else of this folder, else of the project."""
    said = given or os.environ.get(SETTINGS_VARIABLE)
    if said:
        return Path(said).resolve()
    here = Path.cwd() / SETTINGS_NAME
    return here if here.is_file() else PROJECT / SETTINGS_NAME


def data_folder(settings: Path, given: Path | str | None = None) -> Path:
    """Where the data lie: where it is said, else beside the settings."""
    return Path(given).resolve() if given else settings.parent / "data"


def _settings(given: Path | None) -> Path:
    return settings_file(given)


def _data(context: typer.Context, given: Path | None) -> Path:
    return data_folder(settings_file(context.params.get("settings")), given)


SettingsFile = Annotated[
    Path,
    typer.Option(
        "--settings",
        envvar=SETTINGS_VARIABLE,
        resolve_path=True,
        callback=_settings,
        is_eager=True,  # where the data lie depends on it
        help=f"The business: what is connected, zone, currency; default: {SETTINGS_NAME} here, else the project's.",
    ),
]
DataFolder = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar=DATA_VARIABLE,
        resolve_path=True,
        callback=_data,
        help="Where the warehouse and the published file live; default: data, beside the settings.",
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
