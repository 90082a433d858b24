"""The page of the refreshed business in a real browser: every number is the published one, and nobody is shut out."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from dashboard.page import page
from dashboard.published import read
from flows.places import PROJECT
from tests.browser import needs_browser, number_of, shown, started
from tests.end_to_end.conftest import REFRESHES, Refreshed

pytestmark = needs_browser
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
SCREENS = PROJECT / "docs" / "screens"  # how the journey looks; PARCOURS_NEW_SCREENS=1 renews them
SCREEN_HEIGHTS = {1440: 900, 1024: 768, 390: 844}
CLEARLY = 24  # of 255 shades, from which on a block of a picture is another
VIEWS = ("#journey", "#kpis", "#objectives", "#sources", "#kpi/new_prospects/month")
# Opens every KPI at every grain, with all rows; charts show no digits of ours and are left out.
TABLES = """async () => {
    charts = Promise.resolve(); window.vegaEmbed = async () => ({ view: { finalize() {} } });
    const known = await readFacts(), found = [];
    for (const id of Object.keys(known.kpis)) for (const grain of GRAINS) {
        await open(id, grain); opened.rows = Infinity; redraw(known);
        for (const row of document.querySelectorAll(".figures tbody tr[data-period]"))
            for (const cell of row.querySelectorAll("[data-column]"))
                found.push([id, grain, row.dataset.period, cell.dataset.column, cell.textContent]);
    }
    return found;
}"""
CARDS = """() => [...document.querySelectorAll("[data-kpi]")].flatMap((card) =>
    [...card.querySelectorAll(".value[data-period], .so-far[data-period] .value")]
        .filter((one) => one.checkVisibility())
        .map((one) => [card.dataset.kpi, one.closest("[data-period]").dataset.period, one.innerText]))"""


@pytest.fixture(scope="module")
def written(refreshed: Refreshed) -> Path:
    """The page that the last refresh left."""
    return refreshed.places.dashboard


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def values(refreshed: Refreshed) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = read(refreshed.places.marts, "select * from marts.kpi_values")
    return {(row["kpi_id"], row["grain"], str(row["period_start"])): row for row in rows}


@pytest.fixture(scope="module")
def tables(browser: Browser, written: Path) -> dict[str, list[list[str]]]:
    """Every cell of every opened KPI at every grain, by language."""
    found = {}
    for language in ("fr", "en"):
        with shown(browser, written) as tab:
            in_language(tab, language)
            found[language] = tab.evaluate(TABLES)
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_number_of_the_tables_is_the_published_one(
    tables: dict[str, list[list[str]]],
    written: Path,
    values: dict[tuple[str, str, str], dict[str, Any]],
    language: str,
) -> None:
    found = tables[language]
    parts = {kpi: (row["numerator"], row["denominator"]) for kpi, row in catalog(written).items()}
    told = {(kpi, grain, period) for kpi, grain, period, _, _ in found}
    assert told == set(values)
    compared = 0
    for kpi, grain, period, column, text in found:
        row = values[kpi, grain, period]
        if column in ("legend_target", "last_year"):
            continue  # others' tables; last year's is a value of this very table
        exact = row["value"] if column == "value" else row["numerator" if column == parts[kpi][0] else "denominator"]
        assert_shows(text, exact, language, (kpi, grain, period, column))
        compared += 1
    assert compared > len(values)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_number_of_the_cards_is_the_published_one(
    browser: Browser, written: Path, values: dict[tuple[str, str, str], dict[str, Any]], language: str
) -> None:
    with shown(browser, written) as tab:
        in_language(tab, language)
        for details in tab.query_selector_all(".others"):
            details.evaluate("one => { one.open = true; }")
        found = tab.evaluate(CARDS)
        tab.goto(written.as_uri() + "#kpis")
        found += tab.evaluate(CARDS)
    with_value = {
        kpi
        for (kpi, grain, _), row in values.items()
        if grain == "month" and row["is_complete"] and row["value"] is not None
    }
    assert {kpi for kpi, _, _ in found} >= with_value
    for kpi, period, text in found:
        assert_shows(text, values[kpi, "month", period]["value"], language, (kpi, period))


def test_last_years_value_stands_beside_the_right_period(
    tables: dict[str, list[list[str]]], values: dict[tuple[str, str, str], dict[str, Any]]
) -> None:
    compared = 0
    for kpi, grain, period, column, text in tables["en"]:
        if column == "last_year" and grain in ("month", "week"):
            day = date.fromisoformat(period)
            before = day.replace(year=day.year - 1) if grain == "month" else date.fromordinal(day.toordinal() - 364)
            exact = values.get((kpi, grain, str(before)), {"value": None})["value"]
            assert_shows(text, exact, "en", (kpi, grain, period))
            compared += exact is not None
    assert compared


def test_an_open_period_never_shows_a_change_of_the_whole(browser: Browser, written: Path) -> None:
    with shown(browser, written) as tab:
        in_language(tab, "en")
        said = tab.eval_on_selector_all(".so-far .changes li", "all => all.map((one) => one.innerText)")
    assert said
    assert all("same days" in one for one in said)


def test_a_page_asks_nothing_and_is_small(written: Path) -> None:
    assert written.stat().st_size < 1_000_000
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in written.read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", SCREEN_HEIGHTS)
def test_the_journey_looks_as_in_the_pictures_kept(
    browser: Browser, written: Path, tmp_path: Path, width: int, theme: str
) -> None:
    font = subprocess.run(["fc-match", "sans-serif"], capture_output=True, text=True, check=True).stdout
    if "DejaVu Sans" not in font:
        pytest.skip(f"the pictures are set in DejaVu Sans, here pages are in {font.strip()}")
    kept = SCREENS / f"{width}-{theme}.png"
    taken = kept if "PARCOURS_NEW_SCREENS" in os.environ else tmp_path / kept.name
    size = {"width": width, "height": SCREEN_HEIGHTS[width]}
    with shown(browser, written, color_scheme=theme, viewport=size) as tab:
        tab.clock.set_fixed_time(REFRESHES[-1].as_of)  # else the page says that it is old
        tab.reload()
        in_language(tab, "en")
        tab.screenshot(path=taken)
    assert share_that_differs(kept, taken) < 0.01, f"look at {taken}"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nobody_is_shut_out(browser: Browser, written: Path, language: str, theme: str, size: str) -> None:
    """The journey in each combination, and one more view in each, so that all views are looked at."""
    turn = (language == "en") + 2 * (theme == "dark") + 4 * (size == "phone")
    for view in ("#journey", VIEWS[1 + turn % 4]):
        with shown(browser, written, view, color_scheme=theme, viewport=SIZES[size]) as tab:
            in_language(tab, language)
            if "kpi/" in view:
                tab.wait_for_selector(".chart svg")
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"
            found = Axe().run(tab).response["violations"]
            assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]


def test_the_keyboard_reaches_a_kpi_and_comes_back(browser: Browser, written: Path) -> None:
    with shown(browser, written) as tab:
        tab.focus(".card .label a")
        tab.keyboard.press("Enter")
        tab.wait_for_selector(".chart svg")
        assert tab.evaluate("document.activeElement.tagName") == "H2"
        tab.keyboard.press("Tab")
        tab.keyboard.press("ArrowRight")
        tab.wait_for_function("location.hash.endsWith('/quarter')")
        tab.go_back()
        tab.go_back()
        tab.wait_for_function("!document.querySelector('[data-view=\"journey\"]').hidden")


def test_a_kpi_is_taken_along_as_csv(
    browser: Browser, written: Path, values: dict[tuple[str, str, str], dict[str, Any]]
) -> None:
    with shown(browser, written, "#kpi/cost_per_prospect/month") as tab:
        tab.wait_for_selector("#csv")
        with tab.expect_download() as waiting:
            tab.click("#csv")
        lines = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("kpi_id,grain,period_start,period_end,value,")
    for line in lines[1:]:
        _, grain, period, _, value, *_ = line.split(",")
        exact = values["cost_per_prospect", grain, period]["value"]
        assert (value == "") if exact is None else abs(float(value) - exact) < 1e-6


@pytest.mark.parametrize(
    "hostile", ["<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "{{ 7*7 }}\"'&"]
)
def test_what_people_write_is_shown_as_it_is(
    browser: Browser, refreshed: Refreshed, tmp_path: Path, hostile: str
) -> None:
    marts = altered(
        refreshed,
        tmp_path,
        f"""
        update dim_business set business_name = {quoted(hostile)};
        update dim_stages set label_fr = {quoted(hostile)}, label_en = {quoted(hostile)};
        update objectives set sentence = {quoted(hostile)}, owner = {quoted(hostile)};
        update annotations set text = {quoted(hostile)}, kpi_id = null;
        update kpi_by_segment set segment = {quoted(hostile)} where segment != 'unattributed';
        update source_health set error = {quoted(hostile)};
        """,
    )
    with shown(browser, marts, "#kpi/purchases/month") as tab:
        tab.wait_for_selector(".chart svg")
        assert hostile in tab.inner_text("h1")
        assert hostile in tab.inner_text("#opened")
        tab.goto(marts.as_uri() + "#objectives")
        assert hostile in tab.inner_text('[data-view="objectives"]')
        assert tab.evaluate("document.querySelectorAll('img').length") == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("delete from objectives; delete from kpi_scorecard; delete from kpi_targets", "No objective is set"),
        (
            "update kpi_values set is_connected = false, is_complete = false, value = null, sources = ''",
            "Not connected",
        ),
        ("update kpi_values set is_complete = false, value = null", "No complete period yet"),
        ("update source_health set is_connected = source = 'shopify'", "1 of 1"),
        ("delete from kpi_comparisons", "October 2026"),
    ],
)
def test_what_is_missing_is_said(
    browser: Browser, refreshed: Refreshed, tmp_path: Path, change: str, said: str
) -> None:
    target = altered(refreshed, tmp_path, change)
    with shown(browser, target) as tab:
        in_language(tab, "en")
        assert said in tab.evaluate("document.body.textContent")


def share_that_differs(one: Path, other: Path) -> float:
    """How much of two pictures of one size is clearly another shade, in blocks that hide how letters are smoothed."""
    pictures = [Image.open(path).convert("L").reduce(8) for path in (one, other)]
    assert pictures[0].size == pictures[1].size
    shades = ImageChops.difference(*pictures).histogram()
    return sum(shades[CLEARLY:]) / sum(shades)


def in_language(tab: Page, language: str) -> None:
    if tab.evaluate("document.documentElement.lang") != language:
        tab.click("#language")


def catalog(written: Path) -> dict[str, dict[str, Any]]:
    rows = read(written.with_name("marts.duckdb"), "select * from marts.kpi_catalog")
    return {row["kpi_id"]: row for row in rows}


def assert_shows(text: str, exact: Any, language: str, what: tuple[str, ...]) -> None:
    shown_number = number_of(text, language)
    assert (shown_number is None) == (exact is None), (what, text, exact)
    if shown_number is not None:
        number, tolerance = shown_number
        assert abs(number - Decimal(str(exact))) <= tolerance + Decimal("1e-6"), (what, text, exact)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def altered(refreshed: Refreshed, folder: Path, change: str) -> Path:
    """The page of a copy of the published file that something was done to."""
    marts = folder / "marts.duckdb"
    shutil.copy(refreshed.places.marts, marts)
    with duckdb.connect(str(marts)) as connection:
        connection.execute(change)
    target = folder / "dashboard.html"
    target.write_text(page(marts, refreshed.places.charts), encoding="utf-8")
    return target
