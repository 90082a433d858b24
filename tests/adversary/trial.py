"""One load under one mutation, and what became of it: equal, refused, believed or neither."""

import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Literal, Protocol

import duckdb

from pipelines import deadline
from pipelines.connector import Connector, ConnectorError, Options
from pipelines.load import load
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings
from tests.adversary import worlds
from tests.adversary.mutations import Mutation, Scope
from tests.adversary.stored import Stored, stored
from tests.adversary.writes import Writes

BUDGET_SECONDS = 1800 * worlds.DEADLINES  # half an hour, scaled down as all deadlines are
LONGEST_SECONDS = 20 + BUDGET_SECONDS  # of one load; undisturbed ones take one or two
Result = Literal["equal", "refused", "believed", "neither", "unaltered"]


@dataclass(frozen=True)
class Combination:
    """One mutation of one endpoint's answers."""

    source: str
    endpoint: str
    mutation: Mutation
    scope: Scope

    def __str__(self) -> str:
        return f"{self.source} | {self.endpoint} | {self.mutation.name} | {self.scope}"


@dataclass(frozen=True)
class Outcome:
    """What became of a combination, and why that is so."""

    combination: Combination
    result: Result
    why: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        why = " ".join(self.why.split())[:500]
        return f"{self.result.upper()} {self.combination} ({self.seconds:.1f} s)\n      {why}"


@dataclass(frozen=True)
class Loaded:
    """How a load ended."""

    error: BaseException | None
    said: str  # what it told: the error, its warnings
    seconds: float
    is_endless: bool = False


class Wire(Protocol):
    """What stands between product and vendor: HTTP, or Google's gRPC."""

    def recorded(self) -> dict[str, list[Any]]:
        """Each endpoint that was called and its calls, one per page."""
        ...

    def mutations(self, calls: list[Any]) -> list[Mutation]:
        """All that can be done to an endpoint."""
        ...

    def alters(self, mutation: Mutation, page: int | None, calls: list[Any]) -> bool:
        """Whether a mutation makes another answer of any on this page."""
        ...

    def disturb(self, endpoint: str, mutation: Mutation, page: int | None, is_once: bool, calls: list[Any]) -> None:
        """Alter answers from now on."""
        ...

    def altered(self) -> int:
        """How many answers were."""
        ...

    def told_others(self) -> str:
        """What was told another host, and what of it was secret."""
        ...

    def rest(self) -> None:
        """Pass on everything as it is."""
        ...

    def hang_up(self) -> None:
        """Answer nothing any more."""
        ...


class Arena:
    """One connector between its stored first day and a second day that can be disturbed."""

    def __init__(self, source: str, folder: Path, settings: Settings, vendors: Any, wires: Sequence[Wire]) -> None:
        self.source, self.folder, self.settings, self.vendors, self.wires = source, folder, settings, vendors, wires
        self.connector: Connector[Any] = CONNECTORS[source]  # type: ignore[type-arg]
        self.options: Options = settings.sources[source]
        self.rest()
        self._load(folder / "before", worlds.DAYS[0])
        self.before = self._stored(folder / "before")
        shutil.copytree(folder / "before", folder / "right")
        self.writes = Writes()
        self.rest()
        right = self._load(folder / "right", worlds.DAYS[1])
        if right.error:
            raise right.error
        self.right = self._stored(folder / "right")
        self.right_said = right.said
        self.calls = [(wire, endpoint, calls) for wire in wires for endpoint, calls in wire.recorded().items()]

    def rest(self) -> None:
        """Disturb nothing."""
        for wire in self.wires:
            wire.rest()

    def combinations(self) -> Iterator[Combination]:
        """Every mutation of every endpoint on every page that there is."""
        for wire, endpoint, calls in self.calls:
            for mutation in wire.mutations(calls):
                for scope in mutation.scopes:
                    is_there = scope not in {1: ("middle", "last"), 2: ("middle",)}.get(len(calls), ())
                    if is_there and wire.alters(mutation, _page(scope, calls), calls):
                        yield Combination(self.source, endpoint, mutation, scope)

    def run(self, combination: Combination) -> Outcome:
        """The second day's load, disturbed; the first day's state is as it was before."""
        wire, calls = next((wire, calls) for wire, name, calls in self.calls if name == combination.endpoint)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            shutil.copytree(self.folder / "before", folder, dirs_exist_ok=True)
            self.rest()
            page = _page(combination.scope, calls)
            wire.disturb(combination.endpoint, combination.mutation, page, combination.scope == "once", calls)
            # held open: opening it anew for every look would be half of the work
            with duckdb.connect(str(folder / "warehouse.duckdb")), self.writes.remembered():
                loaded = self._load(folder, worlds.DAYS[1])
                if not wire.altered() and not loaded.error:
                    return Outcome(combination, "unaltered")
                result, why = self.judged(combination, loaded, wire, folder)
            return Outcome(combination, result, why, loaded.seconds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def judged(self, combination: Combination, loaded: Loaded, wire: Wire, folder: Path) -> tuple[Result, str]:
        """Hold what a load left and said against the promise."""
        if loaded.is_endless:
            return "neither", f"no end after {loaded.seconds:.0f} s"
        if told := wire.told_others():
            return "neither", told
        if loaded.error and not isinstance(loaded.error, ConnectorError):
            return "neither", f"no named reason: {_root(loaded.error)}"
        after = self._stored(folder)
        told, words = self._told(loaded, after), frozenset(re.findall(r"[a-z_]{4,}", combination.endpoint))
        result, why = after.judged(self.before, self.right, combination.mutation, told, words)
        if loaded.error and result == "equal":
            result, why = "refused", str(loaded.error)
        is_expected = combination.mutation.kind == "harmless" or (
            combination.mutation.kind == "passing" and combination.scope == "once"
        )
        if is_expected and result != "equal":
            return "neither", f"harmless, but {result}: {why}"
        return result, why

    def _told(self, loaded: Loaded, after: Stored) -> str:
        """What the load told beyond what an undisturbed one tells."""
        return "\n".join([loaded.said.replace(self.right_said, ""), *sorted(after.told - self.right.told)]).strip()

    def _stored(self, folder: Path) -> Stored:
        return stored(folder / "warehouse.duckdb", self.connector, worlds.evening(worlds.DAYS[1]))

    def _load(self, folder: Path, day: date) -> Loaded:
        """The load of one day, given up when it does not end."""
        self.vendors.set_clock(worlds.evening(day))
        asked = self.settings.business.asked(day - timedelta(days=1), worlds.evening(day))
        ended: list[Loaded] = []
        started = monotonic()
        thread = threading.Thread(target=lambda: ended.append(self._loaded(folder, asked)), daemon=True)
        thread.start()
        thread.join(LONGEST_SECONDS)
        if ended:
            return ended[0]
        for wire in self.wires:
            wire.hang_up()
        thread.join(LONGEST_SECONDS)
        if thread.is_alive():
            raise TimeoutError(f"{self.source}: a load does not end even when nothing answers any more")
        return Loaded(None, "", monotonic() - started, True)

    def _loaded(self, folder: Path, asked: Asked) -> Loaded:
        started = monotonic()
        try:
            with deadline.budget(self.source, BUDGET_SECONDS):
                result = load(self.connector, self.options, folder / "warehouse.duckdb", folder / "dlt", asked)
        except BaseException as error:  # noqa: BLE001 (whatever comes is judged)
            return Loaded(error, f"{type(error).__name__}: {error}", monotonic() - started)
        return Loaded(None, "\n".join(result.warnings), monotonic() - started)


def _root(error: BaseException) -> str:
    """What lies under what was wrapped around it; some errors lie under themselves."""
    seen: list[BaseException] = []
    while (under := error.__cause__ or error.__context__) and under not in seen:
        seen.append(error)
        error = under
    return f"{type(error).__name__}: {str(error)[:200]}"


def _page(scope: Scope, calls: list[Any]) -> int | None:
    """The page that a scope means; None for all."""
    if scope == "once" and len(calls) > 1:
        return 1
    return {"middle": len(calls) // 2, "last": len(calls) - 1, "every": None}.get(scope, 0)


@contextmanager
def arena(source: str) -> Iterator[Arena]:
    """A connector's arena, in a folder that goes away."""
    with (
        worlds.disturbable(source) as (vendors, proxy, analytics),
        tempfile.TemporaryDirectory(prefix="adversary", ignore_cleanup_errors=True) as folder,
    ):
        yield Arena(source, Path(folder), worlds.read(source), vendors, [proxy, analytics])
