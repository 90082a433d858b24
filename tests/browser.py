"""A real browser for pages, and reading back what they show: a page is right when its words are."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from app.board import browser

CHROMIUM = browser()
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is here (Debian: apt-get install chromium)")


@contextmanager
def started() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    with sync_playwright() as playwright:
        started_one = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield started_one
        finally:
            started_one.close()


@contextmanager
def shown(running: Browser, page: Path, view: str = "", **context: Any) -> Iterator[Page]:
    """The page opened from disk; errors and requests that it makes fail the test."""
    opened = running.new_context(**({"viewport": {"width": 1440, "height": 900}} | context))
    faults: list[str] = []
    tab = opened.new_page()
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda message: faults.append(message.text))
    tab.on("request", lambda request: faults.extend(asked(request.url)))
    tab.goto(page.as_uri() + view)
    yield tab
    opened.close()
    assert not faults


def asked(url: str) -> list[str]:
    """The address, where it is not the page itself or something that the page made."""
    return [] if url.startswith(("file:", "blob:", "data:")) else [url]


def number_of(text: str, language: str) -> tuple[Decimal, Decimal] | None:
    """The number that a text shows, and by how much rounding may have moved it; nothing where there is a dash."""
    if text.strip() in ("–", ""):
        return None
    duration = re.fullmatch(r"(−)?(?:(\d+)\sh\s)?(?:(\d+)\smin)?(?:\s?(\d+)\ss)?", text.strip())
    if duration and any(duration.groups()[1:]):
        sign, hours, minutes, seconds = duration.groups()
        total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
        return Decimal(-total if sign else total), Decimal(60 if hours else "0.5")
    decimal, thousands = (",", r"[\u202f\u00a0 ]") if language == "fr" else (".", ",")
    found = re.search(rf"[−-]?\d(?:\d|{thousands}(?=\d))*(?:\{decimal}\d+)?", text)
    assert found, text
    plain = re.sub(thousands, "", found[0]).replace("−", "-").replace(decimal, ".")
    places = len(plain.partition(".")[2])
    scale = Decimal("0.01") if "%" in text else Decimal(1)
    return Decimal(plain) * scale, Decimal("0.5") * Decimal(1).scaleb(-places) * scale
