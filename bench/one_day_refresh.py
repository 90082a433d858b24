"""What a day's refresh costs on a long history: `python bench/one_day_refresh.py [years] [scale]` prints ratios.

The same simulated business is loaded once over one year and once over several (default 5); then each is refreshed for
one more day. Every part of the second refresh on the long history is shown as a ratio to the same on the short one.
"""

# ruff: noqa: T201 (this is a command that talks to a person)

import logging
import os
import re
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from prefect.testing.utilities import prefect_test_harness

from flows.places import PROJECT, Places
from flows.prefect_server import STARTS_WITHIN_SECONDS
from flows.refresh import Outcome, run_refresh
from pipelines.settings import Settings, read_settings
from sandbox.server import running
from sandbox.world import generate

LAST_DAY = date(2026, 11, 22)
DAYS = 5  # refreshes measured on each history; the fastest counts, as the machine may be busy


def settings(folder: Path, first_day: date) -> Settings:
    """The demo's business over another history, with pages as large as the vendors give them, and no deep re-reads."""
    text = (PROJECT / "examples" / "demo" / "parcours.toml").read_text()
    text = re.sub(r"(?m)^(page|report|comment|list|event|line|rating)_rows = .*\n", "", text)
    (folder / "parcours.toml").write_text(text)
    return read_settings(folder / "parcours.toml", history_start=first_day, deep_reread_every_days=0)


def refreshed(chosen: Settings, places: Places, day: date) -> Outcome:
    """An evening's refresh through the day before."""
    as_of = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=21)
    outcome = run_refresh(chosen, places, day - timedelta(days=1), as_of, [], lambda _: None)
    if outcome.exit_code:
        raise SystemExit(f"the refresh failed: {outcome}")
    return outcome


def measure(years: int, scale: float) -> dict[str, float]:
    """Seconds of each part of a one-day refresh on so many years of history; the fastest of several days."""
    first_day = LAST_DAY - timedelta(days=365 * years)
    with tempfile.TemporaryDirectory() as folder:
        chosen, places = settings(Path(folder), first_day), Places(Path(folder) / "data")
        with running(generate(first_day=first_day, last_day=LAST_DAY, scale=scale)) as vendors:
            os.environ.update(vendors.environment())
            found: list[dict[str, float]] = []
            for day in (LAST_DAY - timedelta(days=back) for back in range(DAYS, -1, -1)):
                vendors.set_clock(datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=21))
                started = time.monotonic()
                outcome = refreshed(chosen, places, day)
                whole = time.monotonic() - started
                if not found:
                    rows = sum(source.rows for source in outcome.sources)
                    print(f"{years} year(s): {rows:,} rows loaded in {whole:.0f} s at first", flush=True)
                models = sum(outcome.layers.values())
                loads = max(source.seconds for source in outcome.sources)
                found.append({"refresh": whole, "loads": loads, "models": models, **outcome.layers})
    return {part: min(one[part] for one in found[1:]) for part in found[1]}


def main(years: int, scale: float) -> None:
    """Measure both, and print each ratio beside its baseline."""
    os.environ.setdefault("PARCOURS_IDENTITY_KEY", "a key for benchmarks only")
    logging.disable(logging.WARNING)  # Prefect tells of each task
    os.environ.setdefault("PARCOURS_RETRY_PATIENCE", "0.01")  # the simulated vendors need no pauses
    with prefect_test_harness(server_startup_timeout=STARTS_WITHIN_SECONDS):
        short, long = measure(1, scale), measure(years, scale)
    print(f"baseline: one day on 1 year, {short['refresh']:.1f} s; one day on {years} years, {long['refresh']:.1f} s")
    for part, took in long.items():
        print(f"{took / max(short[part], 0.1):5.2f} × {part}, {took:.1f} s against {short[part]:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, float(sys.argv[2]) if len(sys.argv) > 2 else 1.0)
