"""Disconnect a source, or an account of one, with all that came of it: built apart first, then put in place.

Until the last step the warehouse is as it was, so that the same command finishes what was killed: the settings change
first, since a refresh would else load again what is gone; then what readers open; last the warehouse takes its place.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from flows import backup, business_tables, definition, settings_file, transform, troubles
from flows.after_publish import after_publish, write_page
from flows.one_at_a_time import alone, held
from flows.places import Places
from flows.publish import SCHEMA, publish
from flows.rebuild import rebuild
from flows.swapped import swapped_in
from pipelines import disconnection, kept, load_log, mistakes
from pipelines.connector import ConnectorError
from pipelines.disconnection import Part
from pipelines.opening import opened
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings

APART = "disconnecting"  # the folder in the data directory where all is built without it


class DisconnectRefused(ConnectorError):
    """What is to be disconnected is not known, or something else needs it; the message says what to do first."""


@dataclass(frozen=True)
class Prepared:
    """The business without a part of it, built apart; `rows` go: table → how many."""

    part: Part
    rows: disconnection.Rows
    settings: Settings
    apart: Places
    umask: int


def found(places: Places, settings: Settings, what: str) -> Part | None:
    """The source or account that is meant; None where it was disconnected before and nothing of it is left.

    An account may be named alone, or as source/account. Raises `DisconnectRefused`.
    """
    if not places.warehouse.exists():
        raise DisconnectRefused(
            f"{places.warehouse} does not exist yet: nothing came of it. Take it out of the settings by hand."
        )
    with opened(places.warehouse, read_only=True) as connection:
        known = _known(connection, settings)
        parts = known.get(what, [])
        if not parts and disconnection.is_noted(connection, what):
            return None
    if len(parts) > 1:
        raise DisconnectRefused(f"{what} is an account of several sources: give {' or '.join(map(str, parts))}.")
    if not parts:
        whole = [name for name, [part, *_] in known.items() if name == str(part)]
        near = [one for one in [mistakes.meant(what, known)] if one]
        raise DisconnectRefused(
            f"{what!r} is not connected. Connected are: {'; '.join([', '.join(whole) or 'nothing', *near])}"
        )
    return parts[0]


def text_without(text: str, settings: Settings, part: Part) -> str:
    """The settings' text without the part; as it is where they do not name it."""
    connector, options = CONNECTORS[part.source], settings.sources.get(part.source)
    if options is None:
        return text
    if not part.account:
        return settings_file.without(text, part.source)
    listed = connector.accounts(options)
    if not listed:
        raise DisconnectRefused(
            f"[sources.{part.source}] {connector.lists} is empty, which means all: name those to keep there, then run "
            "this again."
        )
    if part.account not in listed:
        return text
    if len(listed) == 1:
        raise DisconnectRefused(
            f"{part.account} is all that [sources.{part.source}] {connector.lists} holds: disconnect the source, "
            f"{part.source}."
        )
    return settings_file.without(text, part.source, connector.lists, part.account)


@contextmanager
def prepared(places: Places, settings: Settings, part: Part, now: datetime) -> Iterator[Prepared]:
    """Build and test everything without the part, alone in the data directory; `settings` are those without it.

    All of it is removed at the end, but for what `finish` has put in place. Raises `DisconnectRefused` where an
    objective would be left without its figures, `ModelsFailed` where the models do not hold.
    """
    apart = Places(places.data / APART, settings.models)
    with held(places) as umask:
        shutil.rmtree(apart.data, ignore_errors=True)  # what a killed one left
        try:
            _copy(places, apart)
            rows = _remove(apart, settings, part, now)
            _check_objectives(places, apart, settings)
            yield Prepared(part, rows, settings, apart, umask)
        except (OSError, duckdb.Error) as error:
            if not (why := troubles.explained(error, places.data, places.warehouse)):
                raise
            raise ConnectorError(why) from None
        finally:
            shutil.rmtree(apart.data, ignore_errors=True)


def finish(
    ready: Prepared, places: Places, settings: Path, text: str, target: Path, now: datetime, say: Callable[[str], None]
) -> None:
    """Write a backup to `target`, then put in place what was prepared, and `text` as the settings."""
    if not target.exists():  # one of a minute ago holds what was there before a kill
        backup.write(places, settings, target, now)
    say(f"backed up: {target}")
    if settings.read_text(encoding="utf-8") != text:
        mode = settings.stat().st_mode
        with swapped_in(settings) as fresh:
            fresh.write_text(text, encoding="utf-8")
            fresh.chmod(mode)
    shutil.rmtree(places.state / f"parcours_{ready.part.source}", ignore_errors=True)
    published = ready.settings.published
    publish(places, published, ready.apart.warehouse)
    for undelivered in [*write_page(places, published, say), *after_publish(places, published, say, ready.umask)]:
        say(f"not done: {undelivered}")
    _settle(places.warehouse)
    with swapped_in(places.warehouse) as fresh:
        ready.apart.warehouse.rename(fresh)


def tidy(places: Places) -> None:
    """Remove what one that was killed at its very end has left."""
    with alone(places.data):
        shutil.rmtree(places.data / APART, ignore_errors=True)


def _known(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, list[Part]]:
    """What may be meant by which name: what the settings say, and of what the warehouse still holds rows."""
    known: dict[str, list[Part]] = {}
    for source, connector in CONNECTORS.items():
        options = settings.sources.get(source)
        if options is None and not disconnection.count(connection, Part(source)):
            continue
        known[source] = [Part(source)]
        listed = connector.accounts(options) if options else []
        for account in dict.fromkeys([*listed, *disconnection.accounts(connection, source)]):
            known[f"{source}/{account}"] = [Part(source, account)]
            if account not in CONNECTORS:
                known.setdefault(account, []).append(Part(source, account))
    return known


def _copy(places: Places, apart: Places) -> None:
    """The warehouse as it is, and what dbt ran before."""
    troubles.look(places)
    troubles.make_sure_of(2 * places.warehouse.stat().st_size, places.data, "a copy")
    apart.data.mkdir()
    with opened(places.warehouse, read_only=True) as connection:
        kept.copy_whole(connection, places.warehouse.stem, apart.warehouse)
    if places.dbt_ran.exists() and places.dbt_ran != apart.dbt_ran:
        shutil.copytree(places.dbt_ran, apart.dbt_ran)


def _remove(apart: Places, settings: Settings, part: Part, now: datetime) -> disconnection.Rows:
    """Take the rows out, and build and publish anew what is left, as of an instant after the last refresh's."""
    with load_log.connect(apart.warehouse) as connection:
        reported = connection.execute("select as_of, through from raw_parcours.refreshes order by as_of").fetchall()
        if not reported:
            raise DisconnectRefused("There was no refresh yet that could have come of it: parcours refresh")
        before, through = reported[-1]
        as_of = max(now, before + timedelta(seconds=1))
        rows = disconnection.count(connection, part)
        disconnection.remove(connection, part, settings.business.zone, as_of)
        _drop_models(connection)
    asked = settings.business.asked(through, as_of)
    business_tables.write(apart, settings, asked, definition.definition(settings))
    rebuild(apart, settings, as_of)
    publish(apart)
    _settle(apart.warehouse)
    return rows


def _settle(warehouse: Path) -> None:
    """All that its log holds goes into the file, which may then move without it, or make room for another."""
    with opened(warehouse) as connection:
        connection.execute("checkpoint")


def _drop_models(connection: duckdb.DuckDBPyConnection) -> None:
    """All but what was reported, which no building makes again: they are built as by a first refresh."""
    reported = transform.models_of(transform.HISTORY)
    models = connection.execute(
        "select table_schema, table_name, table_type from information_schema.tables "
        "where not starts_with(table_schema, 'raw_') and table_schema not in ('history', 'main')"
    ).fetchall()
    for schema, name, kind in models:
        if schema != SCHEMA or name not in reported:
            connection.execute(f'drop {"view" if kind == "VIEW" else "table"} {schema}."{name}"')


def _check_objectives(places: Places, apart: Places, settings: Settings) -> None:
    lost = _connected(places.marts) - _connected(apart.marts)
    wrong = [
        f"objectives: {objective.id} wants {target.kpi}, which nothing else feeds: end or change it first."
        for objective in settings.objectives
        for target in objective.kpis
        if target.kpi in lost
    ]
    if wrong:
        raise DisconnectRefused("\n".join(wrong))


def _connected(marts: Path) -> set[str]:
    if not marts.exists():
        return set()
    with duckdb.connect(str(marts), read_only=True) as connection:
        return {kpi for (kpi,) in connection.execute("select kpi_id from kpi_values where is_connected").fetchall()}
