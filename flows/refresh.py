"""A refresh by hand or by schedule: alone in its data directory, through the flow, with a line in the log of runs."""

import json
import os
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from time import monotonic

from flows import prefect_server, troubles
from flows.after_publish import after_publish, write_page
from flows.alerts import tell
from flows.backfill import Backfill
from flows.compaction import compact
from flows.one_at_a_time import held
from flows.places import Places
from flows.swapped import swapped_in
from pipelines.settings import Settings

OK, NOTHING_PUBLISHED, PARTIAL = 0, 1, 3  # exit codes
LARGEST_LOG_BYTES = 16_000_000  # some 4,000 refreshes; of a larger log the newer half stays
Say = Callable[[str], None]


@dataclass
class SourceOutcome:
    """How one source fared."""

    source: str
    status: str  # loaded, partial where some of it could not be read, failed
    rows: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    quota: dict[str, str] = field(default_factory=dict)
    error: str = ""
    is_explained: bool = True  # the error is a message of ours, fit to be published


@dataclass
class Outcome:
    """What a refresh did; one line of `runs.jsonl`."""

    as_of: datetime
    through: date
    started_at: datetime
    sources: list[SourceOutcome] = field(default_factory=list)
    layers: dict[str, float] = field(default_factory=dict)
    purged: int = 0  # persons who had lapsed, and are forgotten
    published: list[str] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)  # what was wanted besides the publish, and failed
    seconds: float = 0.0
    error: str = ""
    is_explained: bool = True  # as for a source

    @property
    def exit_code(self) -> int:
        """0 all well, 1 nothing published, 3 published although a source, a part of one, or what comes after failed."""
        if not self.published:
            return NOTHING_PUBLISHED
        is_whole = all(source.status == "loaded" for source in self.sources) and not self.undelivered
        return OK if is_whole else PARTIAL


def run_refresh(
    settings: Settings,
    places: Places,
    through: date,
    as_of: datetime,
    only: list[str],
    say: Say,
    again: Backfill | None = None,
    accepted: Collection[str] = (),
    accepts_purge: bool = False,
) -> Outcome:
    """Refresh alone, and leave a line in `runs.jsonl` whatever happens. With a backfill, that is all that is loaded.

    Of the `accepted` sources what is no longer there is deleted at once, however much it is. With `accepts_purge` all
    persons who have lapsed are forgotten, however many they are.
    Raises `AlreadyRunning` when another refresh holds the data directory.
    """
    places = replace(places, models=settings.models)
    outcome = Outcome(as_of.astimezone(UTC), through, datetime.now(UTC))
    started = monotonic()
    with held(places) as umask:
        try:
            troubles.look(places)
            prefect_server.start(places)
            from flows.refresh_flow import refresh  # imports Prefect, while its server starts

            with prefect_server.used(places):
                refresh(settings, places, outcome, only, say, again, accepted, accepts_purge)
            outcome.undelivered += write_page(places, settings.published, say)
            outcome.undelivered += after_publish(places, settings.published, say, umask)
            outcome.undelivered += compact(places)
        except Exception as error:  # noqa: BLE001  whatever it was, it is told, logged and exits 1
            explained = troubles.explained(error, places.data, places.warehouse)
            outcome.is_explained = bool(explained)
            outcome.error = explained or f"{type(error).__name__}: {error}"
        outcome.undelivered += tell(settings, places, outcome, say)
        outcome.seconds = round(monotonic() - started, 1)
        try:
            _log(places, outcome)
        except OSError as error:
            outcome.undelivered.append(f"{places.runs} cannot be written ({error.strerror}): make room, or remove it")
            say(f"this refresh is not in the log of runs: {outcome.undelivered[-1]}")
    return outcome


def _log(places: Places, outcome: Outcome) -> None:
    """One line more; a line that a killed run left half written stays a line of its own."""
    line = json.dumps(asdict(outcome) | {"exit_code": outcome.exit_code}, default=str) + "\n"
    with places.runs.open("a+b") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(0, end - 1))
        if end and log.read(1) != b"\n":
            line = "\n" + line
        log.write(line.encode())
    if places.runs.stat().st_size > LARGEST_LOG_BYTES:
        lines = places.runs.read_bytes().splitlines(keepends=True)
        with swapped_in(places.runs) as fresh:
            fresh.write_bytes(b"".join(lines[len(lines) // 2 :]))
