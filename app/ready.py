"""What every command that works on the business asks first: settings that hold, the identity key, all secrets."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from app import template
from dashboard.published import PublishedBefore, read
from flows import north_star, objectives, own_faults
from flows.places import Places
from pipelines.connector import ConnectorError
from pipelines.credentials import require
from pipelines.identity import identity_key
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, models_beside, read_settings


def ready(path: Path, as_of: datetime | None = None, instead: str | None = None) -> Settings:
    """The settings, refused with all that is wrong with them: also what only shows beside the KPIs or the clock.

    `instead` is what the file would say. Own models are refused before, since settings may name their KPIs.
    """
    own_faults.check(models_beside(path))
    return read_settings(path, partial(_faults, as_of=as_of or datetime.now(UTC)), instead)


def armed(settings: Settings, path: Path, places: Places, only: Sequence[str] = ()) -> None:
    """Refuse to begin without an identity key, a source, or a secret of the sources that will be asked."""
    identity_key()
    if not settings.connected:
        raise ConnectorError(f"No source is connected: add a [sources.…] section to {path}.")
    require(CONNECTORS[name] for name in only or still_asked(settings, places))


def still_asked(settings: Settings, places: Places) -> list[str]:
    """The connected sources but for those that are asked no more, as published: a refresh may hold the warehouse."""
    if not places.marts.exists() or not any(options.until for options in settings.sources.values()):
        return settings.connected
    try:
        rows = read(places.marts, "select source, counts_until from marts.dim_sources where has_ended")
    except PublishedBefore:
        return settings.connected
    ended = {row["source"]: row["counts_until"] for row in rows}
    return [name for name in settings.connected if name not in ended or settings.sources[name].until != ended[name]]


def _faults(settings: Settings, as_of: datetime) -> Iterator[str]:
    business = settings.business
    chosen = north_star.fault(settings)
    if chosen:
        yield chosen
    today = as_of.astimezone(business.zone).date()
    if business.history_start > today:
        yield f"business.history_start: {business.history_start} has not come yet: give the first day to load"
    yield from objectives.faults(settings)
    yield from template.examples(settings)
