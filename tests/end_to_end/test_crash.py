"""A refresh that is killed, refused by a vendor, or started twice: nothing is lost, doubled or half published."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from prefect.settings import PREFECT_API_URL

from flows.one_at_a_time import AlreadyRunning
from flows.places import PROJECT, Places
from flows.refresh import Outcome, run_refresh
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, read_settings
from sandbox.server import Running, running
from sandbox.truth import Refresh
from sandbox.world import generate
from tests.aiming import aim
from tests.end_to_end.crashing import PLACES

FIRST_DAY, LAST_DAY = date(2026, 10, 10), date(2026, 11, 23)
FIRST = Refresh(datetime(2026, 11, 12, 19, 0, tzinfo=UTC), date(2026, 11, 11))
SECOND = Refresh(datetime(2026, 11, 23, 22, 30, tzinfo=UTC), date(2026, 11, 22))
DIES_WITHIN_SECONDS = 300
RARER = (
    "extract",
    "load, between tables",
    "load, before dlt's bookkeeping",
    "dbt",
    "publish, in the copy",
    "publish, after the swap",
)
SOURCES = ("google_analytics", "facebook_ads", "facebook_page", "mailchimp", "woocommerce", "ecb", "files")
OF_A_TRY = r"fct_source_outcomes\..*|source_health\.(rows_loaded|quota)"  # what the last of two tries asked and got
RAW = f"raw_({'|'.join(CONNECTORS)})"  # the vendors' tables; the log of a refresh that was run twice has lines of both


@dataclass(frozen=True)
class Small:
    """A small business after its first refresh, what an undisturbed second one makes of it, and its vendors."""

    vendors: Running
    toml: Path
    settings: Settings
    first: Places
    undisturbed: Places


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    folder = tmp_path_factory.mktemp("small")
    toml = written_settings(folder)
    settings = read_settings(toml)
    first, undisturbed = Places(folder / "first"), Places(folder / "undisturbed")
    with (
        running(generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=0.2)) as vendors,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        aim(vendors, monkeypatch)
        vendors.set_clock(FIRST.as_of)
        assert refresh(settings, first, FIRST).exit_code == 0
        vendors.set_clock(SECOND.as_of)
        copied(first, undisturbed.data)
        assert refresh(settings, undisturbed, SECOND).exit_code == 0
        yield Small(vendors, toml, settings, first, undisturbed)


@pytest.fixture
def places(small: Small, tmp_path: Path) -> Iterator[Places]:
    """A copy of what the first refresh left."""
    yield copied(small.first, tmp_path / "data")
    small.vendors.sandbox.faults.clear()


def written_settings(folder: Path) -> Path:
    """A few of the demo's sources with a short history, and pages as large as the vendors give them."""
    text = (PROJECT / "examples" / "demo" / "parcours.toml").read_text()
    business, *sections = re.split(r"(?m)^(?=\[+sources\.)", text)
    text = business + "".join(one for one in sections if re.match(rf"\[sources\.({'|'.join(SOURCES)})[\].]", one))
    text = re.sub(r"(?m)^orders_from = .*\n", "", text)
    text = re.sub(r"(?m)^history_start = \S+", f"history_start = {FIRST_DAY}", text)
    text = re.sub(r"(?m)^(page|report|comment|list)_rows = .*\n", "", text)
    toml = folder / "parcours.toml"
    toml.write_text(text)
    return toml


def refresh(settings: Settings, places: Places, asked: Refresh) -> Outcome:
    return run_refresh(settings, places, asked.through, asked.as_of, [], print)


def copied(places: Places, data: Path) -> Places:
    """The same installation elsewhere; Prefect's own database is in use and stays."""
    return Places(Path(shutil.copytree(places.data, data, ignore=shutil.ignore_patterns("prefect"))))


@contextmanager
def process(small: Small, places: Places, where: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A second refresh in a process group of its own, none of which outlives the block; it uses our Prefect server."""
    asked = [str(SECOND.through), SECOND.as_of.isoformat(), where]
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.crashing", str(places.data), str(small.toml), *asked],
            cwd=PROJECT,
            env=os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value())},
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as started,
    ):
        try:
            yield started
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)


def rows_only_in_one(one: Path, other: Path, schemas: str = "main") -> dict[str, int]:
    """Table → rows that only one of two files holds, counted with repetitions; without dlt's own names of rows."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        columns = {file: _columns(connection, file, schemas) for file in ("one", "other")}
        assert columns["one"] == columns["other"], "the tables or their columns differ"
        counted = {}
        for table, names in columns["one"].items():
            chosen = [f"select {names} from {file}.{table}" for file in ("one", "other")]
            counted[table] = sum(_count(connection, f"({a} except all {b})") for a, b in (chosen, reversed(chosen)))
    return {table: rows for table, rows in counted.items() if rows}


def _columns(connection: duckdb.DuckDBPyConnection, file: str, schemas: str) -> dict[str, str]:
    found = connection.execute(
        "select schema_name || '.' || table_name, string_agg('\"' || column_name || '\"', ', ' order by column_name) "
        "from duckdb_columns() where database_name = ? and not internal and regexp_full_match(schema_name, ?) "
        "and not starts_with(table_name, '_dlt') and not starts_with(column_name, '_dlt') "
        "and not regexp_full_match(table_name || '.' || column_name, ?) group by 1 order by 1",
        [file, schemas, OF_A_TRY],
    ).fetchall()
    return {table: names for table, names in found}


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    found = connection.execute(f"select count(*) from {query}").fetchone()
    assert found
    return int(found[0])


def kpi(places: Places, kpi_id: str, day: date) -> tuple[Any, ...]:
    """One KPI on one day as published: value, whether it is complete, and the sources that it misses."""
    with duckdb.connect(str(places.marts), read_only=True) as marts:
        (found,) = marts.execute(
            "select value, is_complete, missing_sources from kpi_values "
            "where kpi_id = ? and grain = 'day' and period_start = ?",
            [kpi_id, day],
        ).fetchall()
    return found


def test_the_second_refresh_changes_what_is_published(small: Small) -> None:
    changed = rows_only_in_one(small.first.marts, small.undisturbed.marts)
    assert {"main.kpi_values", "main.fct_orders", "main.fct_captures"} <= set(changed)


@pytest.mark.parametrize(
    "where", [pytest.param(where, marks=[pytest.mark.slow] if where in RARER else []) for where in PLACES]
)
def test_a_killed_refresh_run_again_publishes_what_an_undisturbed_one_does(
    small: Small, places: Places, tmp_path: Path, where: str
) -> None:
    log = tmp_path / "said.txt"
    with process(small, places, where, log) as crashed:
        assert crashed.wait(DIES_WITHIN_SECONDS) == -signal.SIGKILL, log.read_text()
    shown = small.undisturbed if where == "publish, after the swap" else small.first
    assert rows_only_in_one(places.marts, shown.marts) == {}, "readers see something else than one whole refresh"
    again = refresh(small.settings, places, SECOND)
    assert again.exit_code == 0, again
    assert rows_only_in_one(places.marts, small.undisturbed.marts) == {}
    assert rows_only_in_one(places.warehouse, small.undisturbed.warehouse, RAW) == {}


def test_a_second_refresh_at_the_same_time_is_refused_naming_the_holder(
    small: Small, places: Places, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in (places.runs, places.marts, places.warehouse)}
    log = tmp_path / "said.txt"
    with process(small, places, "hold", log) as holder:
        deadline = time.monotonic() + DIES_WITHIN_SECONDS
        while log.read_text() != "held\n" and time.monotonic() < deadline:
            time.sleep(0.1)
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid} on .* since 20"):
            refresh(small.settings, places, SECOND)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("source", "calls", "fault", "fed"),
    [
        ("mailchimp", "/mailchimp/", "token_expired", "new_prospects"),
        pytest.param("google_analytics", "google.analytics", "quota_gone", "unique_visitors", marks=pytest.mark.slow),
    ],
)
def test_a_source_that_fails_leaves_the_others_untouched(
    small: Small, places: Places, source: str, calls: str, fault: str, fed: str
) -> None:
    small.vendors.fault(calls, fault, times=10_000)
    outcome = refresh(small.settings, places, SECOND)
    assert outcome.exit_code == 3
    failed = {one.source: one.error for one in outcome.sources if one.status == "failed"}
    assert list(failed) == [source]
    assert len(outcome.sources) == len(SOURCES)
    for day, is_loaded in ((FIRST.through, True), (SECOND.through, False)):
        assert kpi(places, "purchases", day) == kpi(small.undisturbed, "purchases", day)
        value = kpi(small.first, fed, day)[0] if is_loaded else None
        assert kpi(places, fed, day) == (value, is_loaded, "" if is_loaded else source), f"{fed} on {day}"
    small.vendors.sandbox.faults.clear()
    assert refresh(small.settings, places, SECOND).exit_code == 0
    assert rows_only_in_one(places.marts, small.undisturbed.marts) == {}
