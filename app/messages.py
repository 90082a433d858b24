"""docs/troubleshoot.md: the sentences that the source of Parcours raises, by when they come up."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from flows.places import PROJECT

ROOMS = ("app", "flows", "dashboard", "pipelines")
SECTIONS = {  # when a sentence comes up: the first beginning of a module's path that fits
    "The command or the settings": (
        *("app/cli", "app/options", "app/new_business", "app/secrets_file", "app/ready", "app/schedule"),
        *("pipelines/settings", "pipelines/objectives", "pipelines/credentials", "pipelines/identity"),
        *("flows/objectives", "flows/north_star", "pipelines/sources/files/settings"),
    ),
    "A vendor's answer": ("pipelines/http", "pipelines/rows", "pipelines/reading", "app/checks"),
    "Files": ("pipelines/sources/files/",),
    "One vendor": ("pipelines/sources/",),
    "Data, disk and models": ("pipelines/", "flows/"),
    "What was published": ("app/", "dashboard/"),
}
PROGRAMMING = ("AssertionError", "TypeError", "StopIteration", "typer.Exit")  # told to nobody who refreshes
INTERNAL = ("pipelines/casts",)  # the reason within the sentence of who reads the row
INTRODUCTION = """<!-- made by `make generated`; do not edit -->
# Troubleshoot

What Parcours says when it refuses something, by when it comes up; most sentences say what to do. `…` stands for what
differs: a file, a source, a number. Search this page for the words of yours that are not names. Sentences that are put
together from parts are not all here.

First: `parcours check` says of each source, and of the data folder, what to fix; `parcours status` how the last
refreshes went. A vendor that is busy, or did not answer, is asked six times before it is left to the next refresh:
wait for that one, then act.
"""


def troubleshoot() -> str:
    """The page."""
    found: dict[str, list[str]] = {section: [] for section in SECTIONS}
    for module, message in _messages():
        found[_section(module)].append(f"- {message}")
    parts = (f"## {section}\n\n" + "\n".join(dict.fromkeys(lines)) for section, lines in found.items())
    return INTRODUCTION + "\n" + "\n\n".join(parts) + "\n"


def _section(module: str) -> str:
    return next(section for section, beginnings in SECTIONS.items() if module.startswith(beginnings))


def _messages() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((PROJECT / room).rglob("*.py")):
            module = path.relative_to(PROJECT).as_posix()
            if not module.startswith(INTERNAL):
                yield from ((module, message) for message in _of(path))


def _of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            said = _text(node.exc.args[0])
            if ast.unparse(node.exc.func) not in PROGRAMMING and len(re.findall(r"[a-z]{2,}", said)) > 1:
                yield said


def _text(node: ast.expr) -> str:
    """A string as people read it, with … for what is filled in."""
    if isinstance(node, ast.Constant):
        return " ".join(str(node.value).split())
    if isinstance(node, ast.JoinedStr):
        pieces = (str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
        return " ".join("".join(pieces).split())
    return ""
