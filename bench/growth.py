"""What daily refreshes leave on disk: `python -m bench.growth [days] [months]` prints megabytes, and a ratio.

The demo's business is refreshed on each of so many evenings; then once, on the last of them, in a folder of its own,
which is the baseline. What that one lacks is history: the log of all loads, and what was reported when.
"""

# ruff: noqa: T201 (this is a command that talks to a person)

import logging
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from rich.console import Console

from app.demo import set_clock, settings_of, vendors
from flows.places import Places
from flows.refresh import run_refresh
from pipelines import kept
from pipelines.settings import Settings

EVERY = 10  # days, of which a line is printed


def sizes(places: Places) -> dict[str, int]:
    """Name → bytes of all that lies in a data directory; of the warehouse also those that are free."""
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        free = connection.execute("select block_size * free_blocks from pragma_database_size()").fetchall()
    return {path.name: _bytes(path) for path in sorted(places.data.iterdir())} | {"free": free[0][0]}


def _bytes(path: Path) -> int:
    return sum(one.lstat().st_size for one in (path, *path.rglob("*")) if one.is_file())


def without_models(places: Places) -> int:
    """Bytes of what no refresh can make again."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(places.warehouse), read_only=True) as connection:
        copy = Path(folder) / "copy.duckdb"
        kept.copy(connection, places.warehouse.stem, copy)
        return copy.stat().st_size


def compactions(places: Places) -> int:
    """How often the warehouse was written anew."""
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        [(count,)] = connection.execute("select count(*) from raw_parcours.compactions").fetchall()
    return int(count)


def refreshed(settings: Settings, places: Places, evenings: list[datetime], url: str) -> Iterator[dict[str, int]]:
    """The sizes after each evening's refresh."""
    for evening in evenings:
        set_clock(url, evening)
        through = settings.business.last_whole_day(evening)
        outcome = run_refresh(settings, places, through, evening, [], lambda _: None)
        if outcome.exit_code:
            raise SystemExit(f"the refresh failed: {outcome}")
        yield sizes(places)


def main(days: int, months: int) -> None:
    """Measure, and print."""
    logging.disable(logging.WARNING)  # Prefect tells of each task
    last = datetime.now(UTC).replace(hour=20, minute=0, second=0, microsecond=0) - timedelta(days=1)
    evenings = [last - timedelta(days=back) for back in reversed(range(days))]
    settings = settings_of(months, last)
    with tempfile.TemporaryDirectory() as folder, vendors(settings, last, Console()) as url:
        daily, fresh = Places(Path(folder) / "daily"), Places(Path(folder) / "fresh")
        for day, found in enumerate(refreshed(settings, daily, evenings, url), start=1):
            if day in (1, days) or not day % EVERY:
                print(f"day {day:3}: {_told(found)}", flush=True)
        [once] = refreshed(settings, fresh, evenings[-1:], url)
        print(f"one refresh: {_told(once)}")
        history = without_models(daily) - without_models(fresh)
        print(f"{history / 1e6:.1f} MB of history; the warehouse was written anew {compactions(daily)} times")
    print(f"{found['warehouse.duckdb'] / (once['warehouse.duckdb'] + history):.2f} × that of one refresh plus history")


def _told(found: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / 1e6:.1f}" for name, size in found.items() if size >= 50_000)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60, int(sys.argv[2]) if len(sys.argv) > 2 else 13)
