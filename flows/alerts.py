"""Alerts: each refresh tells once what is wrong, and once that it is over; what did not arrive is told again."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dashboard.words import word
from flows import digests
from flows.delivery import addresses, deliver
from flows.incidents import Found, find
from flows.places import Places
from flows.told import Incident, Known, keep, read
from pipelines.settings import Settings

if TYPE_CHECKING:
    from flows.refresh import Outcome, Say

A_MOMENT = timedelta(microseconds=1)


def tell(settings: Settings, places: Places, outcome: "Outcome", say: "Say") -> list[str]:
    """Tell what a refresh found, and what could not be told before; gives what could not be told or found out."""
    if not settings.alerts.to:
        return []
    known, language = read(places), settings.dashboard.language
    faults: list[str] = []
    try:
        found = _found(settings, places, outcome, known)
    except Exception as error:  # noqa: BLE001  whatever it was, the refresh itself has ended as it has
        found = Found(unknown=set(known.incidents))
        faults.append(f"what is wrong could not be found out: {type(error).__name__}: {error}")
    lines = _news(known, found, outcome.as_of, language)
    known.unsent = {name: [*known.unsent.get(name, []), *lines] for name in settings.alerts.to}
    known.digests = digests.had(settings.alerts, known, outcome.through)
    faults += keep(places, known)  # before anything is sent: rather told twice than never
    faults += _send(known, _title(settings))
    faults += keep(places, known)
    undigested = [] if outcome.error else [*digests.send_due(places, known), *keep(places, known)]
    told = [f"an alert was not told: {fault}" for fault in dict.fromkeys(faults)]
    told += [f"a digest was not sent: {fault}" for fault in dict.fromkeys(undigested)]
    for fault in told:
        say(fault)
    return told


def send(settings: Settings, text: str) -> dict[str, str]:
    """A text to each address, or a trial: why it was not delivered, '' where it was."""
    body = text or word("alert.test", settings.dashboard.language)
    return {name: deliver(name, _title(settings), body) for name in addresses(settings.alerts)}


def _title(settings: Settings) -> str:
    return word("alert.title", settings.dashboard.language, business=settings.business.name)


def _found(settings: Settings, places: Places, outcome: "Outcome", known: Known) -> Found:
    """Of a refresh that published nothing only that is known; what was wrong before goes on."""
    language = settings.dashboard.language
    if outcome.error:
        error = outcome.error if outcome.is_explained else word("alert.unexplained", language)
        return Found({"refresh": word("alert.failed", language, error=error)}, set(known.incidents))
    since = known.moved_until or outcome.as_of - A_MOMENT
    found = find(places.marts, settings.alerts, language, since, known.incidents)
    known.moved_until = outcome.as_of
    if outcome.undelivered:
        found.wrong["undelivered"] = word("alert.undelivered", language, faults="; ".join(outcome.undelivered))
    return found


def _news(known: Known, found: Found, as_of: datetime, language: str) -> list[str]:
    """What nobody was told yet; what is known is brought up to date."""
    before = known.incidents
    kept = {name: one for name, one in before.items() if name in found.unknown}
    now = {name: Incident(before[name].since if name in before else as_of, what) for name, what in found.wrong.items()}
    known.incidents = kept | now
    begun = [one.what for name, one in now.items() if name not in before]
    over = [one.what for name, one in before.items() if name not in known.incidents]
    return [word("alert.new", language, what=what) for what in [*begun, *found.events]] + [
        word("alert.over", language, what=what) for what in over
    ]


def _send(known: Known, title: str) -> list[str]:
    """To each address what it lacks; gives why that failed."""
    faults = {name: deliver(name, title, "\n".join(lines)) for name, lines in known.unsent.items() if lines}
    known.unsent = {name: [] if not faults.get(name) else lines for name, lines in known.unsent.items()}
    return [fault for fault in faults.values() if fault]
