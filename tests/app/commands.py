"""Commands as a pipe sees them, and what they are run on."""

import re
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner, Result

from app.cli import cli

PROJECT = Path(__file__).parent.parent.parent
DEMO = PROJECT / "examples" / "demo" / "parcours.toml"
AS_OF = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
BUSINESS = '[business]\nname = "Ada"\nhistory_start = 2026-03-02\n'


def run(*arguments: object, typed: str = "") -> Result:
    """How a command ends, and what it prints where nobody sees a width."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=typed, prog_name="parcours")


def words(text: str) -> str:
    """Text without frames and with runs of white space as one space."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())
