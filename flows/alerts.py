"""Alerts: each refresh tells once what is wrong, and once that it is over; what did not arrive is told again."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dashboard.digest import Digest
from dashboard.words import word
from flows.delivery import deliver
from flows.incidents import Found, find
from flows.places import Places
from flows.swapped import swapped_in
from pipelines.connector import ConnectorError
from pipelines.settings import Settings

if TYPE_CHECKING:
    from flows.refresh import Outcome, Say

A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Incident:
    """What is wrong, since the refresh that first saw it."""

    since: datetime
    what: str


@dataclass
class Known:
    """What is wrong and was told, and the lines that are still to be told to each address."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    unsent: dict[str, list[str]] = field(default_factory=dict)
    moved_until: datetime | None = None  # values that moved until then were told


def read(places: Places) -> Known:
    """What the last refresh knew; nothing where there was none, or the file is damaged."""
    try:
        said = json.loads(places.alerts.read_bytes())
        moved_until = said["moved_until"] and datetime.fromisoformat(said["moved_until"])
        incidents = {
            name: Incident(datetime.fromisoformat(one["since"]), one["what"]) for name, one in said["incidents"].items()
        }
        return Known(incidents, said["unsent"], moved_until)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Known()


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
    faults += _keep(places, known)  # before anything is sent: rather told twice than never
    faults += _send(known, _title(settings))
    faults += _keep(places, known)
    told = [f"an alert was not told: {fault}" for fault in dict.fromkeys(faults)]
    for fault in told:
        say(fault)
    return told


def send(settings: Settings, text: str) -> dict[str, str]:
    """A text to each address, or a trial: why it was not delivered, '' where it was."""
    body = text or word("alert.test", settings.dashboard.language)
    return {name: deliver(name, _title(settings), body) for name in _addresses(settings)}


def send_digest(settings: Settings, written: Digest) -> dict[str, str]:
    """The digest to each address: why it was not delivered, '' where it was."""
    return {name: deliver(name, written.subject, written.html, is_html=True) for name in _addresses(settings)}


def _addresses(settings: Settings) -> list[str]:
    if not settings.alerts.to:
        raise ConnectorError('Nobody is told: add to the settings, under [alerts]: to = ["PARCOURS_ALERT_URL"]')
    return list(settings.alerts.to)


def _title(settings: Settings) -> str:
    return word("alert.title", settings.dashboard.language, business=settings.business.name)


def _found(settings: Settings, places: Places, outcome: "Outcome", known: Known) -> Found:
    """Of a refresh that published nothing only that is known; what was wrong before goes on."""
    language = settings.dashboard.language
    if outcome.error:
        error = outcome.error if outcome.is_explained else word("alert.unexplained", language)
        return Found({"refresh": word("alert.failed", language, error=error)}, set(known.incidents))
    since = known.moved_until or outcome.as_of - A_MOMENT
    found = find(places.marts, settings.alerts, language, since)
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


def _keep(places: Places, known: Known) -> list[str]:
    """Gives why that failed, where it did."""
    try:
        with swapped_in(places.alerts) as fresh:
            fresh.write_text(json.dumps(asdict(known), default=str, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        return [f"{places.alerts} cannot be written ({error.strerror})"]
    return []
