"""A business with the example's own models in its folder: built by each refresh, compared with the events' truth."""

import base64
import gzip
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from dashboard.facts import read_facts
from dashboard.opened import packed
from flows import transform
from flows.places import PROJECT
from pipelines.settings import read_settings
from sandbox.events import World
from sandbox.truth import Key, Refresh, truth
from sandbox.world import generate
from tests.app.commands import run, words
from tests.end_to_end.conftest import business
from tests.end_to_end.small_business import Small, served

FIRST_DAY, LAST_DAY = date(2026, 11, 1), date(2026, 11, 19)
AS_OF = datetime(2026, 11, 19, 19, tzinfo=UTC)
THROUGH = date(2026, 11, 18)
EXAMPLE = PROJECT / "examples" / "own_models" / "models"
SETTINGS = """
[business]
name = "Ada"
history_start = 2026-11-01
[sources.google_analytics]
properties = ["111111111"]
primary = "111111111"
[sources.woocommerce]
site = "boutique.example"
opt_in_meta_key = "_newsletter"
test_meta_key = "_test_mode"
[[objectives]]
id = "worth"
stage = "conversion"
sentence = "A visitor is worth more."
owner = "Eve"
serves = "north_star"
[[objectives.kpis]]
kpi = "revenue_per_visitor"
grain = "week"
start_value = 1
start_day = 2026-11-01
target_value = 2
target_day = 2026-12-31
"""


def clone() -> str:
    """What git says of the program's own folder."""
    return subprocess.run(["git", "status", "--porcelain"], cwd=PROJECT, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def world() -> World:
    return generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=0.3)


@pytest.fixture(scope="module")
def small(world: World, prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """After its first refresh."""
    before = clone()
    with served(world, AS_OF) as vendors:
        small = Small(vendors, tmp_path_factory.mktemp("small"), SETTINGS)
        shutil.copytree(EXAMPLE, small.folder / "models")
        small.refresh(AS_OF, THROUGH)
        yield small
    assert clone() == before


@pytest.fixture(scope="module")
def true(world: World, small: Small) -> dict[tuple[str, date], tuple[float, float]]:
    """(grain, period) → value of the purchases and visitors, from the events."""
    settings = read_settings(small.folder / "parcours.toml")
    found = truth(world, [Refresh(AS_OF, THROUGH)], business(settings))
    visitors = {key[1:]: value.value for key, value in found.items() if key.kpi_id == "unique_visitors"}
    return {
        at: (float(found[Key("average_basket", *at)].numerator or 0), float(count))
        for at, count in visitors.items()
        if count
    }


def told(small: Small) -> dict[tuple[str, date], tuple[float, float, float]]:
    """(grain, period) → value, numerator, denominator as published."""
    rows = small.rows(
        "select grain, period_start, value, numerator, denominator from kpi_values "
        "where kpi_id = 'revenue_per_visitor' and value is not null"
    )
    return {(grain, start): tuple(map(float, numbers)) for grain, start, *numbers in rows}  # type: ignore[misc]


def refreshed(small: Small, hours: int) -> tuple[int, str]:
    """A later refresh of the same day, by the command; how it ends, and all that it says."""
    as_of = AS_OF + timedelta(hours=hours)
    small.vendors.set_clock(as_of)
    where = ("--settings", small.folder / "parcours.toml", "--data", small.places.data)
    ended = run("refresh", *where, "--through", THROUGH, "--as-of", as_of.isoformat())
    return ended.exit_code, words(ended.output)


def test_the_own_kpi_is_what_the_events_say_at_every_grain(
    small: Small, true: dict[tuple[str, date], tuple[float, float]]
) -> None:
    found = told(small)
    assert found == {
        at: pytest.approx((value / visitors, value, visitors), rel=1e-9) for at, (value, visitors) in true.items()
    }
    assert Counter(grain for grain, _ in found) == {"day": 18, "week": 4, "month": 1, "quarter": 1, "year": 1}


def test_it_stands_wherever_kpis_stand(small: Small, tmp_path: Path) -> None:
    assert small.rows(
        "select stage, table_name, label_en, effort, owner from kpi_catalog where kpi_id = 'revenue_per_visitor'"
    ) == [("conversion", "kpi_own", "Revenue per visitor", "automatic", "sales")]
    assert small.rows(
        "select distinct sources, unit, is_connected from kpi_values where kpi_id = 'revenue_per_visitor'"
    ) == [("google_analytics, woocommerce", "EUR", True)]
    [(status,)] = small.rows("select status from kpi_scorecard where kpi_id = 'revenue_per_visitor'")
    assert status in ("on track", "at risk", "off track")
    for table in ("kpi_comparisons", "kpi_history"):
        assert small.rows(f"select count(*) > 20 from {table} where kpi_id = 'revenue_per_visitor'") == [(True,)]
    assert "Revenue per visitor" in run("kpi", "conversion", "--data", small.places.data).stdout
    assert "Chiffre d'affaires par visiteur" in unescape(small.places.dashboard.read_text(encoding="utf-8"))
    opened = json.loads(gzip.decompress(base64.b64decode(packed(read_facts(small.places.marts)))))
    assert opened["kpis"]["revenue_per_visitor"]["table"] == "kpi_own"
    assert run("export", "csv", "--out", tmp_path / "csv", "--data", small.places.data).exit_code == 0
    assert {"kpi_own.csv", "purchases_by_weekday.csv"} < {path.name for path in (tmp_path / "csv").iterdir()}
    assert run("export", "xlsx", "--out", tmp_path / "a.xlsx", "--data", small.places.data).exit_code == 0


def test_the_own_model_is_published_with_what_is_said_of_it(small: Small, world: World) -> None:
    settings = read_settings(small.folder / "parcours.toml")
    found = truth(world, [Refresh(AS_OF, THROUGH)], business(settings))
    expected: Counter[int] = Counter()
    for key, value in found.items():
        if key.kpi_id == "purchases" and key.grain == "day" and value.value:
            expected[key.period_start.isoweekday()] += int(value.value)
    assert dict(small.rows("from purchases_by_weekday")) == expected
    [(comment,)] = small.rows("select comment from duckdb_tables() where table_name = 'purchases_by_weekday'")
    assert comment == "Purchases by day of the week, over all days that are loaded."


@pytest.mark.slow
def test_own_models_change_break_and_go(
    small: Small, true: dict[tuple[str, date], tuple[float, float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small.folder / "models" / "kpi_own.sql"
    right = model.read_text()

    # nothing has changed: what dbt ran is run again without it
    refreshed(small, 1)
    with monkeypatch.context() as patched:
        patched.setattr(transform, "_built_by_dbt", lambda *_: pytest.fail("dbt was asked"))
        assert refreshed(small, 2)[0] == 0

    # a broken one: nothing is published, and the file is named
    before = small.places.marts.read_bytes()
    model.write_text(right.replace("web.total_users,", "web.visitors_total,"))
    code, said = refreshed(small, 3)
    assert code == 1
    assert "nothing was published" in said and str(model) in said and "visitors_total" in said
    assert f"lie in {model.parent}: correct or take out what is named, and refresh." in said
    model.write_text(right.replace("fct_web_by_period", "fct_web_by_perio"))
    code, said = refreshed(small, 4)
    assert code == 1
    assert "fct_web_by_perio" in said and str(model) in said
    assert "loaded woocommerce" not in said, "what dbt cannot read is refused before anything is loaded"
    assert small.places.marts.read_bytes() == before

    # a changed one: new values, and the old ones in the history
    model.write_text(right.replace("parts.order_value", "0.8 * parts.order_value").replace(
        "    0.8 * parts.order_value,", "    0.8 * parts.order_value as order_value,"))  # fmt: skip
    assert refreshed(small, 5)[0] == 0
    sold = {at: values for at, values in true.items() if values[0]}
    assert {at: values[0] for at, values in told(small).items() if at in sold} == {
        at: pytest.approx(0.8 * value / visitors, rel=1e-9) for at, (value, visitors) in sold.items()
    }
    revised = small.rows(
        "select grain, period_start, value_before, value_after, cause from kpi_revisions "
        "where kpi_id = 'revenue_per_visitor'"
    )
    assert {(grain, start): (before, after, cause) for grain, start, before, after, cause in revised} == {
        at: (pytest.approx(value / visitors), pytest.approx(0.8 * value / visitors), "definition")
        for at, (value, visitors) in sold.items()
    }

    # a backup has them
    file = tmp_path / "backup.tar.zst"
    toml = small.folder / "parcours.toml"
    assert run("backup", "--data", small.places.data, "--settings", toml, "--out", file).exit_code == 0
    restored = run("restore", file, "--data", tmp_path / "there")
    assert f"Its own models are in {tmp_path / 'there' / 'models'}" in words(restored.stdout)
    assert (tmp_path / "there" / "models" / "kpi_own.sql").read_text() == model.read_text()
    assert len(list((tmp_path / "there" / "models").iterdir())) == 4

    # what is taken out is published no more
    shutil.rmtree(model.parent)
    toml.write_text(SETTINGS.split("[[objectives]]")[0])
    assert refreshed(small, 6)[0] == 0
    assert told(small) == {}
    assert small.rows("select count(*) from kpi_catalog") == [(33,)]
    gone = ("kpi_own", "purchases_by_weekday")
    assert small.rows(f"select table_name from duckdb_tables() where table_name in {gone}") == []
