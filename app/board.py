"""`parcours dashboard`: the page written anew from the published file, opened, or printed as PDF."""

import os
import shutil
import subprocess
import tempfile
import webbrowser
from pathlib import Path

from dashboard.page import page
from flows.places import Places
from flows.swapped import swapped_in
from pipelines.connector import ConnectorError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
PRINTS_WITHIN_SECONDS = 120


def browser() -> str | None:
    """The program that prints pages, where one is here."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class NoBrowser(ConnectorError):
    """Nothing is here that prints a page."""


def write_board(places: Places, target: Path, language: str) -> None:
    """The page at a path, in a language, or in that of the settings where none is said."""
    text = page(places.marts, places.charts, language)
    target = target.resolve()  # where the page is published elsewhere, its name in the data directory leads there
    with swapped_in(target) as fresh:
        fresh.write_text(text, encoding="utf-8")
        if target.exists():
            shutil.copymode(target, fresh)


def open_board(target: Path) -> None:
    """Show it in the browser of this desktop."""
    webbrowser.open(target.resolve().as_uri())


def print_board(places: Places, target: Path, language: str) -> None:
    """The page as PDF: A4, a page per stage."""
    program = browser()
    if program is None:
        raise NoBrowser(
            "A PDF is printed by Chromium, Chrome or Edge, and none is here. On Debian: apt-get install chromium. "
            "Or open the page and print it: parcours dashboard --open"
        )
    with tempfile.TemporaryDirectory() as folder, swapped_in(target.resolve()) as fresh:
        source = Path(folder, "dashboard.html")
        write_board(places, source, language)
        command = [
            *(program, "--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"),
            *(f"--user-data-dir={folder}/profile", f"--print-to-pdf={fresh}"),
            *(["--no-sandbox"] if os.geteuid() == 0 else []),  # its sandbox is refused to root
            source.as_uri(),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PRINTS_WITHIN_SECONDS)
        except (subprocess.SubprocessError, OSError) as error:
            raise NoBrowser(f"{program} did not print the page ({error}). Open it and print it by hand.") from None
        if not fresh.exists():
            raise NoBrowser(f"{program} printed nothing. Open the page and print it by hand: parcours dashboard --open")
