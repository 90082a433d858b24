"""What the page costs: `python -m bench.dashboard [data]` prints its size, what writing takes, and its first content.

The baseline of writing is the same figures fetched from the published file alone, in the same run. First content is
Chromium's, with both cores kept busy by other processes. `data` is a data directory that a refresh left.
"""

# ruff: noqa: T201 (this is a command that talks to a person)

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from app.board import browser as chromium
from dashboard.facts import read_facts
from dashboard.page import page
from flows.places import PROJECT, Places

BUSY = (sys.executable, "-c", "while True: pass")
TRIES = 7
FIRST_CONTENT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def main() -> None:
    """Measure and print."""
    places = Places(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "data")
    page(places.marts, places.charts)  # imports, and the library packed
    started = time.process_time()
    text = page(places.marts, places.charts)
    written = time.process_time() - started
    started = time.process_time()
    read_facts(places.marts)
    fetched = time.process_time() - started
    print(f"{len(text.encode()) / 1000:,.0f} kB")
    print(f"{written / fetched:5.2f} × written, {written:.2f} CPU s against {fetched:.2f} of fetching the same alone")
    print(f"{median(first_contents(text)):,.0f} ms to the first content, median of {TRIES}, beside two busy processes")


def first_contents(text: str) -> list[float]:
    """Milliseconds to what Chromium paints first, each in a context of its own."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        target = Path(folder, "dashboard.html")
        target.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        busy = [subprocess.Popen(BUSY) for _ in range(2)]
        try:
            found = []
            for _ in range(TRIES):
                context = browser.new_context()
                tab = context.new_page()
                tab.goto(target.as_uri())
                tab.wait_for_function(f"{FIRST_CONTENT} > 0")
                found.append(float(tab.evaluate(FIRST_CONTENT)))
                context.close()
            return found
        finally:
            for process in busy:
                process.kill()
                process.wait()
            browser.close()


if __name__ == "__main__":
    main()
