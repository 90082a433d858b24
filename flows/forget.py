"""Forget persons: every row becomes nobody's, values stay, and no file of the data directory knows them."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from flows import troubles
from flows.after_publish import after_publish, write_page
from flows.one_at_a_time import alone, held
from flows.places import Places
from flows.publish import publish
from flows.rebuild import rebuild
from pipelines import forgotten, kept, load_log, slices
from pipelines.connector import ConnectorError
from pipelines.identity import email_key
from pipelines.opening import opened
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings

ALL = CONNECTORS.values()
COPY = "warehouse.forgetting.duckdb"  # the warehouse once the person is out of it, until it takes its place


@dataclass(frozen=True)
class Forgotten:
    """Table → rows that were the person's; the addresses and contacts they went by; whether it was begun before."""

    rows: dict[str, int]
    marks: int
    is_begun: bool

    @property
    def is_known(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.rows) or self.is_begun


def look(places: Places, address: str) -> Forgotten:
    """What there is of a person; nothing is changed."""
    key = _key(places, address)
    with alone(places.data), load_log.connect(places.warehouse) as connection:
        return _found(connection, key)[0]


def forget(places: Places, settings: Settings, address: str, now: datetime, say: Callable[[str], None]) -> Forgotten:
    """Make every row of a person nobody's, alone as a refresh is; what was killed goes on when it is run again."""
    key = _key(places, address)
    with held(places) as umask:
        troubles.look(places)
        with load_log.connect(places.warehouse) as connection:
            found, marks = _found(connection, key)
            if not found.is_known:
                return found
        hide_in_copies(places, marks, now, say)
        if found.rows:
            hide(places, settings, marks, now)
        clear(places)
        _build(places, settings)
        for undelivered in [
            *write_page(places, settings.published, say),
            *after_publish(places, settings.published, say, umask),
        ]:
            say(f"not done: {undelivered}")
    return found


def hide_in_copies(places: Places, marks: set[str], at: datetime, say: Callable[[str], None]) -> None:
    """Make the rows of some persons nobody's in warehouses of before, which comes first: only then is it not begun."""
    for path in _copies(places):
        _hide_in(path, marks, at)
        say(f"rewritten: {path}")


def hide(places: Places, settings: Settings, marks: set[str], at: datetime) -> None:
    """Make every row of some persons nobody's up to an instant, with their tombstones, or none.

    `clear` must follow, which a run that is killed leaves to the next one, and then all models be built and published.
    """
    with load_log.connect(places.warehouse) as connection:
        connection.execute("begin")
        connection.execute(f"insert into {kept.UNCLEARED} values (?)", [at])
        forgotten.bury(connection, marks, at)
        loading = {source for (source,) in connection.execute("from raw_parcours.loading").fetchall()}
        for source, name in forgotten.hide(connection, marks, at, ALL):
            if source not in loading:  # else what a killed load changed would be taken for ours
                slices.restate(connection, source, name, CONNECTORS[source].tables[name], settings.business.zone)
        connection.execute("commit")


def is_uncleared(places: Places) -> bool:
    """Whether somebody was forgotten of whom files may still tell, since what came after was killed."""
    with load_log.connect(places.warehouse) as connection:
        return connection.execute(f"from {kept.UNCLEARED} limit 1").fetchone() is not None


def clear(places: Places) -> None:
    """Take out of the data directory what is left of persons who were hidden; the warehouse then has no models."""
    _remove_leftovers(places)
    _rewrite(places)


def backups(places: Places, *folders: Path) -> list[Path]:
    """The backups that lie where they usually do, or in some folders more: they are as they were."""
    usual = {places.data.resolve(), places.data.resolve().parent, Path.cwd(), *(one.resolve() for one in folders)}
    return sorted({path for folder in usual for path in folder.glob("*.tar.zst")})


def _key(places: Places, address: str) -> str:
    if not places.warehouse.exists():
        raise ConnectorError(f"{places.warehouse} does not exist yet: there is nobody to forget.")
    key = email_key(address)
    if not key:
        raise ConnectorError("That is no e-mail address. Give one, such as ada@example.com.")
    return key


def _found(connection: duckdb.DuckDBPyConnection, key: str) -> tuple[Forgotten, set[str]]:
    marks = forgotten.marks_of(connection, {key}, ALL)
    rows = forgotten.count(connection, marks, ALL)
    is_begun = forgotten.digest(key) in forgotten.tombstones(connection)
    return Forgotten(rows, len(marks), is_begun), marks


def _copies(places: Places) -> list[Path]:
    """Warehouses of before an upgrade or a restore."""
    own = {places.warehouse.resolve(), places.marts.resolve(), (places.data / COPY).resolve()}
    return sorted(path for path in places.data.rglob("*.duckdb") if path.resolve() not in own)


def _hide_in(path: Path, marks: set[str], now: datetime) -> None:
    fresh = path.with_name(path.name + ".forgetting")
    with opened(path) as connection:
        forgotten.hide(connection, forgotten.marks_of(connection, marks, ALL), now, ALL)  # a copy may tie more of them
        database = connection.execute("select current_database()").fetchall()[0][0]
        kept.copy(connection, database, fresh)
    os.replace(fresh, path)


def _rewrite(places: Places) -> None:
    """The warehouse without its models in a file of its own: DuckDB keeps freed blocks, and what they held.

    The file that takes its place does not say any more that it must be cleared.
    """
    copy = places.data / COPY
    opened(places.warehouse, read_only=True).close()  # refused while a load that hangs has it open still
    with opened(places.warehouse) as connection:
        connection.execute("checkpoint")
        kept.copy(connection, places.warehouse.stem, copy)
    os.replace(copy, places.warehouse)


def _remove_leftovers(places: Places) -> None:
    """What a killed load, upgrade or restore may have left: dlt's packages, halves of copies."""
    for folder in (places.state, *places.data.glob("before-restore-*/dlt")):
        shutil.rmtree(folder, ignore_errors=True)
    for half in places.data.rglob("*.duckdb.new*"):
        half.unlink()


def _build(places: Places, settings: Settings) -> None:
    """All models anew as of the last refresh, and published in place of those that knew the person."""
    with opened(places.warehouse) as connection:
        as_of = connection.execute("select max(as_of) from raw_parcours.refreshes").fetchall()[0][0]
    rebuild(replace(places, models=settings.models), settings, as_of)
    publish(places, settings.published)
