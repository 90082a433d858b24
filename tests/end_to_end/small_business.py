"""A business small enough to work its figures out by hand, refreshed through the real flow."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.places import Places
from flows.refresh import Outcome, run_refresh
from pipelines.settings import read_settings
from sandbox.events import World
from sandbox.server import Running, running
from tests.aiming import aim


@dataclass
class Small:
    """Its vendors, its settings and what its refreshes left, below one folder."""

    vendors: Running
    folder: Path
    settings: str
    said: list[str] = field(default_factory=list)  # by the last refresh

    @property
    def places(self) -> Places:
        return Places(self.folder / "data")

    def copied(self, folder: Path, settings: str = "") -> "Small":
        """Another business, with all files of this one."""
        return Small(self.vendors, Path(shutil.copytree(self.folder, folder)), settings or self.settings)

    def refresh(self, as_of: datetime, through: date, **business: Any) -> None:
        """All that is connected, as of an instant; `business` replaces settings of the business."""
        outcome = self.tried(as_of, through, **business)
        assert outcome.exit_code == 0, outcome

    def tried(self, as_of: datetime, through: date, accepts_purge: bool = False, **business: Any) -> Outcome:
        """The same, however it ends."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / "parcours.toml"
        path.write_text(self.settings, encoding="utf-8")
        self.vendors.set_clock(as_of)
        self.said.clear()
        settings = read_settings(path, **business)
        return run_refresh(settings, self.places, through, as_of, [], self.said.append, accepts_purge=accepts_purge)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the published file answers."""
        with duckdb.connect(str(self.places.marts), read_only=True) as marts:
            marts.execute("set timezone = 'UTC'")
            return marts.execute(query).fetchall()

    def by_day(self, columns: str, table: str) -> dict[str, Any]:
        """Day → columns, of a table of KPIs; one column comes without its tuple."""
        found = self.rows(f"select strftime(period_start, '%m-%d'), {columns} from {table} where grain = 'day'")
        return {day: values[0] if len(values) == 1 else tuple(values) for day, *values in found}


@contextmanager
def served(world: World, now: datetime) -> Iterator[Running]:
    """The world's vendors, at which the connectors are aimed."""
    with running(world, now) as vendors, pytest.MonkeyPatch.context() as monkeypatch:
        aim(vendors, monkeypatch)
        yield vendors
