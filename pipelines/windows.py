"""Of which days each source counts, where a business has changed tools: one until a day, the other from the next on."""

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb

from pipelines import load_log
from pipelines.connector import Options
from pipelines.entities import ENTITIES
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings

A_DAY = timedelta(days=1)


def ended(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """The sources that are asked no more: loaded as far beyond their last day as it is read again."""
    return [name for name in settings.connected if _has_ended(connection, settings, name)]


def told(options: Options) -> str:
    """That a source has ended, after its name."""
    return f"counts until {options.until}, all of which is loaded: it is asked no more"


def _has_ended(connection: duckdb.DuckDBPyConnection, settings: Settings, name: str) -> bool:
    connector, options = CONNECTORS[name], settings.sources[name]
    if options.until is None:
        return False
    settled = options.until + timedelta(days=max(table.reread_days for table in connector.tables.values()))
    covered = load_log.covered(connection, name)
    wanted = [
        (table, scope.account_id, scope.definition)
        for table in connector.tables
        for scope in connector.scopes(options, table)
    ]
    return all(one in covered and covered[one].last_day >= settled for one in wanted)


def doubts(settings: Settings) -> list[str]:
    """Days between two tools of a kind that neither counts of, or both: likely a mistake in `from` or `until`."""
    found: dict[str, list[str]] = {}
    for entity in ENTITIES:
        for doubt in _doubts(settings, settings.counted(entity)):
            found.setdefault(doubt, []).append(entity)
    return [f"{doubt} ({', '.join(entities)})" for doubt, entities in found.items()]


def _doubts(settings: Settings, names: list[str]) -> Iterator[str]:
    """Of the sources of one entity, in the order in which they begin."""
    spans = [(settings.sources[name].from_day, settings.sources[name].until, name) for name in names]
    spans.sort(key=lambda span: (span[0] or date.min, span[1] or date.max))
    for number, (begins, _, name) in enumerate(spans):
        before = [(until, former) for _, until, former in spans[:number] if until]
        if begins is None or not before or len(before) < number:
            continue  # one of the former ones goes on for ever, beside it
        until, former = max(before)
        if until < begins - A_DAY:
            yield f"from {until + A_DAY} to {begins - A_DAY}, between {former} and {name}, nothing counts"
        elif until >= begins:
            yield f"from {begins} to {until}, {former} and {name} both count: what both hold counts twice"
