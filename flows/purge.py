"""Who has lapsed is forgotten: `[privacy] prospects_months` after the last click, opt-in, purchase or answer.

It comes after the loads, which tell of contacts, and before the models, which are then built anew without the person.
"""

from datetime import date, datetime

from flows import forget
from flows.places import Places
from flows.refresh import Outcome, Say
from pipelines import lapsed, windows
from pipelines.lapsed import Lapsed
from pipelines.opening import WarehouseRefused, opened
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings

MOST_SHARE = 0.5  # of all persons: more are rather a slip of the pen, and nothing brings them back


def purge(places: Places, settings: Settings, outcome: Outcome, accepts: bool, say: Say) -> None:
    """Forget who has lapsed as of the refresh, however many where somebody `accepts` it; tell what is left undone.

    What a run that was killed has left of somebody forgotten is cleared as well.
    """
    try:
        _forget(places, settings, outcome, accepts, say)
        if forget.is_uncleared(places):
            forget.clear(places)
    except WarehouseRefused:
        say("Forgetting is left to the next refresh, since a source that took too long still writes.")


def _forget(places: Places, settings: Settings, outcome: Outcome, accepts: bool, say: Say) -> None:
    found = look(places, settings, outcome.as_of)
    if not found.lapsed:
        return
    who = told(settings, found, outcome.as_of)
    if lacking := _lacking(places, settings, outcome):
        say(
            f"The next refresh that loads {' and '.join(lacking)} whole forgets {who}: what is missing may tell of a "
            "contact."
        )
    elif is_refused(found) and not accepts:
        outcome.undelivered.append(
            f"nobody was forgotten: it would be {who}, and nothing brings them back. Correct the setting, or if it is "
            "meant: parcours refresh --accept-purge"
        )
        say(f"But {outcome.undelivered[-1]}")
    else:
        forget.hide_in_copies(places, found.marks, outcome.as_of, say)
        forget.hide(places, settings, found.marks, outcome.as_of)
        outcome.purged = found.lapsed
        say(f"forgot {who}")
        for path in forget.backups(places):
            say(f"As it was, since a backup is not changed: {path}. Delete it, or refresh after a restore.")


def look(places: Places, settings: Settings, as_of: datetime) -> Lapsed:
    """Who has lapsed as of an instant; nothing is changed. Raises `WarehouseRefused` while anything else writes."""
    if settings.privacy.prospects_months is None or not places.warehouse.exists():
        return Lapsed(0, 0, set())
    with opened(places.warehouse, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return lapsed.find(connection, CONNECTORS.values(), _first_day_kept(settings, as_of), settings.business.zone)


def told(settings: Settings, found: Lapsed, as_of: datetime) -> str:
    """How many of how many, and why."""
    return (
        f"{found.lapsed:,} of {found.known:,} persons, whose last contact was before "
        f"{_first_day_kept(settings, as_of)} ([privacy] prospects_months = {settings.privacy.prospects_months})"
    )


def _first_day_kept(settings: Settings, as_of: datetime) -> date:
    today = as_of.astimezone(settings.business.zone).date()
    return lapsed.first_day_kept(settings.privacy.prospects_months or 0, today)


def is_refused(found: Lapsed) -> bool:
    """Whether so many have lapsed that somebody must say that it is meant."""
    return found.lapsed > MOST_SHARE * found.known


def _lacking(places: Places, settings: Settings, outcome: Outcome) -> list[str]:
    """The connected sources that tell of persons, are still asked, and were not loaded whole."""
    with opened(places.warehouse, read_only=True) as connection:
        whole = {*windows.ended(connection, settings)}
    whole |= {one.source for one in outcome.sources if one.status == "loaded"}
    return [name for name in settings.connected if lapsed.knows_persons(CONNECTORS[name]) and name not in whole]
