"""A connector as its tests meet it: aimed at the simulated vendors, loaded into a folder, its raw tables read back."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import requests

from pipelines.connector import Connector, ConnectorError, Options
from pipelines.http import VendorSession
from pipelines.load import LoadResult, run_plan
from pipelines.plan import Asked, plan_backfill
from sandbox.events import World
from sandbox.request_log import LoggedRequest, RequestLog
from sandbox.server import VENDORS, Running, running
from tests.aiming import aimed
from tests.pipelines.loads import load_whole

ASKED = {field.name for field in fields(Asked)}
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class First:
    """What a first load left and what it asked, for tests that look and change nothing."""

    folder: Path
    result: LoadResult
    log: RequestLog

    def requests(self) -> list[LoggedRequest]:
        """Every call of the load."""
        return self.log.all()


class Vendor:
    """One connector and the world that its tests are about.

    Loads come at `now` and ask from `first_day` on, unless told otherwise.
    """

    def __init__(
        self,
        connector: Connector,
        options: Callable[..., Options],
        world: Callable[[], World],
        now: datetime,
        first_day: date,
    ) -> None:
        self.connector, self.options, self.world, self.now, self.first_day = connector, options, world, now, first_day

    @contextmanager
    def served(self, world: World | None = None, now: datetime | None = None) -> Iterator[Running]:
        """The vendor in a world, with the connector aimed at it."""
        settings = f"SOURCES__{self.connector.name.upper()}__"
        own = [name for name, one in VENDORS.items() if any(key.startswith(settings) for key in one.ENVIRONMENT)]
        with running(world or self.world(), now or self.now, only=own) as sandbox, aimed(sandbox):
            yield sandbox

    def first(self, folder: Path, now: datetime | None = None, world: World | None = None, **more: Any) -> First:
        """A load into an empty folder, of vendors that are gone afterwards."""
        with self.served(world, now) as sandbox:
            return First(folder, self.pull(folder, now, **more), sandbox.sandbox.requests)

    def asked(self, now: datetime | None = None, **more: Any) -> Asked:
        """What a refresh at an instant asks for: the days up to the one before."""
        now = now or self.now
        asked = Asked((now - timedelta(days=1)).date(), now, ZoneInfo("Europe/Paris"), self.first_day)
        return replace(asked, **more)

    def pull(self, folder: Path, now: datetime | None = None, **more: Any) -> LoadResult:
        """Load as a refresh does; `more` is what it asks for otherwise, or options. The vendors' clock is theirs."""
        asked = self.asked(now, **{name: more.pop(name) for name in ASKED & set(more)})
        return load_whole(self.connector, self.options(**more), *_files(folder), asked)

    def pull_at(self, sandbox: Running, folder: Path, *instants: datetime, **more: Any) -> LoadResult:
        """A load at each instant, vendors and product alike; gives the last one's result."""
        for now in instants:
            sandbox.set_clock(now)
            result = self.pull(folder, now, **more)
        return result

    def backfill(self, folder: Path, first_day: date, last_day: date, now: datetime | None = None) -> LoadResult:
        """Read a range of days again."""
        warehouse, state = _files(folder)
        options = self.options()
        plan = plan_backfill(self.connector, options, warehouse, self.asked(now), first_day, last_day)
        return run_plan(self.connector, options, warehouse, state, plan)

    def rows(self, folder: Path, query: str) -> Rows:
        """What a query finds in the raw tables; times in UTC."""
        with self._opened(folder) as warehouse:
            return warehouse.execute(query).fetchall()

    def everything(self, folder: Path) -> dict[str, Rows]:
        """Every row of every table, in the columns that the connector declares."""
        with self._opened(folder) as warehouse:
            return {
                name: warehouse.execute(f"select {', '.join(table.columns.names)} from {name} order by all").fetchall()
                for name, table in self.connector.tables.items()
            }

    def fields(self, folder: Path, table: str) -> dict[str, datetime]:
        """The fields that a table's rows had, each with the load that first saw it."""
        seen = "select field, first_seen_at from raw_parcours.fields"
        found: dict[str, datetime] = dict(self.rows(folder, f"{seen} where table_name = '{table}'"))
        return found

    def later_fields(self, folder: Path, table: str) -> list[str]:
        """The fields of a table's rows that no row of its first load had."""
        seen = self.fields(folder, table)
        return sorted(field for field, at in seen.items() if at > min(seen.values()))

    @contextmanager
    def _opened(self, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
            warehouse.execute(f"set timezone = 'UTC'; set schema = 'raw_{self.connector.name}'")
            yield warehouse


def _files(folder: Path) -> tuple[Path, Path]:
    return folder / "warehouse.duckdb", folder / "dlt"


def copied(origin: Path, folder: Path) -> Path:
    """The folder, with what loads left in another: the next one goes on from there."""
    shutil.copytree(origin, folder, dirs_exist_ok=True)
    return folder


def written(folder: Path) -> bytes:
    """All that was written to the disk below a folder, in lower case."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()


def queries(of: Running | First, path: str) -> list[dict[str, str]]:
    """The parameters of each call whose path ends so."""
    return [dict(call.query) for call in of.requests() if call.path.endswith(path)]


def unsent(
    monkeypatch: pytest.MonkeyPatch, *asks: Callable[[], object], session: type[requests.Session] = VendorSession
) -> list[requests.PreparedRequest]:
    """The requests that these would send, of which none leaves: each ends with its first."""
    found: list[requests.PreparedRequest] = []

    def keep(_: requests.Session, request: requests.PreparedRequest, **__: object) -> requests.Response:
        found.append(request)
        raise ConnectorError("not sent")

    monkeypatch.setattr(session, "send", keep)
    for ask in asks:
        with pytest.raises(ConnectorError, match="not sent"):
            ask()
    return found


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[requests.PreparedRequest], object]) -> None:
    """Let something happen whenever a request has been answered, before the connector sees the answer."""
    send = VendorSession.send

    def answered(self: VendorSession, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        answer = send(self, request, **more)
        happens(request)
        return answer

    monkeypatch.setattr(VendorSession, "send", answered)


def passing_faults(sandbox: Running, *paths: str, after: int = 0) -> None:
    """Let a call of each path fail five times in a row, each time in another way, after some that go well.

    A sixth try goes well too. What comes below the vendor comes first; its own refusal counts the answers that it
    made, of which two were cut off then.
    """
    for path in paths:
        for number, kind in enumerate(("500", "502_html", "reset", "truncated"), after):
            sandbox.fault(path, kind, after=number)
        sandbox.fault(path, "429", after=after + 2)
