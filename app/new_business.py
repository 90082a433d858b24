"""`parcours init`: the folder of a business, with its settings and the names of its secrets; then a tool at a time."""

import os
import re
import secrets
import shlex
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console

from app import secrets_file, template
from app.checks import check_sources
from app.options import SETTINGS_NAME, data_folder
from app.printing import say
from app.ready import ready, still_asked
from flows.places import Places
from flows.private import FILE
from pipelines import mistakes
from pipelines.connector import ConnectorError
from pipelines.credentials import missing
from pipelines.identity import KEY_VARIABLE
from pipelines.registry import CONNECTORS
from pipelines.settings import Business, SettingsError, read_toml

QUESTIONS = {
    "name": "What is the business called?",
    "time_zone": "In which time zone does its day begin and end?",
    "currency": "In which currency are amounts reported?",
    "history_start": "Which is the first day to load?",
}
FLAGS = {"name": "--name", "time_zone": "--zone", "currency": "--currency", "history_start": "--from"}
READABLE = 0o666  # less what the umask takes
KEY_LINES = f"""\
# Secrets, which each command reads from here; what the environment sets goes before. Nobody else may read this file.

# Hashes e-mail addresses before they touch disk. Keep a copy in a safe place, and never change it.
{KEY_VARIABLE}="""


def begin(folder: Path, given: Mapping[str, str | None], tools: list[str], is_asking: bool, console: Console) -> int:
    """Write what is not there yet, say where credentials are made, and check or say what is left to do.

    What was given on the command line is not asked. What the settings say already stays as it is. Gives the exit code.
    """
    settings = folder / SETTINGS_NAME
    tools = [name for tool in tools for name in _tools(tool, "--tool")]
    has_settings = settings.exists()
    connected = _connected(settings) if has_settings else []
    answers = {} if has_settings else {key: _answer(key, given[key], folder, is_asking) for key in QUESTIONS}
    if has_settings and any(given.values()):
        say(console, f"{settings} is there, and what it says of the business stays: change it there.")
    if is_asking and not tools:
        tools = _ask_tools(connected, console)
    new = [name for name in dict.fromkeys(tools) if name not in connected]
    _write(settings, "" if has_settings else template.business(answers | _owners(new)), new, console)
    _write_secrets(secrets_file.beside(settings), [*connected, *new], console)
    for name in new:
        connector = CONNECTORS[name]
        say(console, f"\n{connector.title}: {connector.advice if connector.secrets else 'needs no credential.'}")
    return _go_on(settings, console)


def _connected(settings: Path) -> list[str]:
    sources = read_toml(settings).get("sources", {})
    return [name for name in CONNECTORS if name in sources]


def _answer(key: str, given: str | None, folder: Path, is_asking: bool) -> Any:
    """What was given, else what is answered, else what is usual."""
    if given is not None:
        return _valid(key, FLAGS[key], given)
    usual = {
        "name": folder.name,
        "history_start": date(datetime.now(UTC).year - 1, 1, 1).isoformat(),  # a whole year to compare with
    }.get(key) or Business.model_fields[key].default
    check = partial(_valid, key, None)
    return typer.prompt(QUESTIONS[key], default=usual, value_proc=check) if is_asking else check(usual)


def _valid(key: str, flag: str | None, text: str) -> Any:
    try:
        return getattr(Business.model_validate({"name": "", "history_start": date.min} | {key: text}), key)
    except ValidationError as error:
        raise typer.BadParameter(next(mistakes.lines(error, Business)).partition(": ")[2], param_hint=flag) from None


def _ask_tools(connected: list[str], console: Console) -> list[str]:
    left = {name: connector.title for name, connector in CONNECTORS.items() if name not in connected}
    say(console, "\n".join(f"  {name:18}{title}" for name, title in left.items()))
    found: list[str] = typer.prompt(
        "Which of these are connected? Names with spaces between, or Enter for none",
        default="",
        show_default=False,
        value_proc=partial(_tools, flag=None),
    )
    return found


def _tools(text: str, flag: str | None) -> list[str]:
    names = re.findall(r"[^\s,]+", text.lower())
    for name in names:
        if name not in CONNECTORS:
            said = mistakes.meant(name, CONNECTORS) or f"known are {', '.join(CONNECTORS)}"
            raise typer.BadParameter(f"{name!r} is unknown: {said}", param_hint=flag)
    return names


def _owners(tools: list[str]) -> dict[str, list[str]]:
    """Whose orders count, where a shop and its payments are both there: the shop's."""
    telling = [name for name in CONNECTORS if name in tools and "orders" in CONNECTORS[name].feeds]
    shops = [name for name in telling if not CONNECTORS[name].takes_payments]
    return {"orders_from": shops} if shops and len(shops) < len(telling) else {}


def _write(settings: Path, beginning: str, tools: list[str], console: Console) -> None:
    """Begin the settings, or add sections to them."""
    before = "" if beginning else settings.read_text(encoding="utf-8").rstrip("\n") + "\n"
    added = beginning + "".join(f"\n{template.section(name)}" for name in tools)
    if not added:
        return
    try:
        tomllib.loads(before + added)
    except tomllib.TOMLDecodeError:
        raise ConnectorError(
            f"To {settings} nothing can be added: write the sections of its sources by hand."
        ) from None
    _append(settings, added, READABLE)
    say(console, f"Written: {settings}" if beginning else f"Added {', '.join(tools)} to {settings}")


def _write_secrets(path: Path, connected: list[str], console: Console) -> None:
    """Name in the file what it does not name yet; with a new identity key, unless there is one."""
    there = secrets_file.said(path)
    blocks = [] if KEY_VARIABLE in there or KEY_VARIABLE in os.environ else [KEY_LINES + secrets.token_hex(32) + "\n"]
    for name in connected:
        lines = secrets_file.named(CONNECTORS[name]) if CONNECTORS[name].secrets else ""
        if any(line.endswith("=") and line[:-1] not in there for line in lines.splitlines()):
            blocks.append(lines)
    if blocks:
        _append(path, "\n".join(["", *blocks] if there else blocks), FILE)
        say(console, f"{'Added to' if there else 'Written'}: {path}")


def _append(path: Path, text: str, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConnectorError(f"{path} cannot be written: {error.strerror}") from None


def _go_on(settings: Path, console: Console) -> int:
    """Check, where nothing is left to be filled in; else say what is."""
    secrets_path = secrets_file.beside(settings)
    secrets_file.load(secrets_path)
    connected = _connected(settings)
    places = Places(data_folder(settings))
    wrong, business = "", None
    try:
        business = ready(settings)
    except SettingsError as error:
        wrong = str(error)
    asked = still_asked(business, places) if business else connected
    empty = [variable for name in asked for variable in missing(CONNECTORS[name])]
    if connected and business and not empty:
        console.print("\nAll is filled in. parcours check:")
        return check_sources(business, places, [], datetime.now(UTC), console)
    steps = []
    if not connected:
        steps.append("Connect a tool: parcours init --tool NAME, where NAME is one of " + ", ".join(CONNECTORS))
    if wrong:
        steps.append("Write what is yours into the settings:\n   " + wrong.replace("\n", "\n   "))
    if empty:
        steps.append(f"Fill in {secrets_path}: {', '.join(empty)}")
    where = "" if settings.parent == Path.cwd() else f"cd {shlex.quote(str(settings.parent))} && "
    steps.append(f"See whether all can be read: {where}parcours check")
    say(console, "\nNext:\n" + "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)))
    return 0
