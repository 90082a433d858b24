"""How the command line prints: wide enough where nobody sees a width, and messages exactly as they are."""

import csv
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 140  # a file or a pipe has no width, and Rich would take 80


def new_console() -> Console:
    """The terminal at its width; else room for every table. COLUMNS decides where it is set."""
    is_told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if is_told else PIPED_WIDTH)


def say(console: Console, text: str) -> None:
    """Print a message of ours or of a vendor: its [brackets] are no markup, and its lines stay whole."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """Say on the error stream what went wrong and what to do."""
    Console(stderr=True).print(Text.assemble(("Error: ", "red"), text), soft_wrap=True)


def print_json(rows: Sequence[dict[str, Any]]) -> None:
    """Rows for a program."""
    json.dump(rows, sys.stdout, default=str, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def print_csv(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """Rows for a program, below a line with the columns' names."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def new_table(title: str) -> Table:
    """An empty table in the one look that all commands share."""
    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)


def write_text(path: Path, text: str) -> None:
    """Write a file that was asked for, and say so."""
    from pipelines.connector import ConnectorError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConnectorError(f"{path} cannot be written ({error.strerror}): choose another --out") from None
    say(new_console(), f"Written: {path}")
