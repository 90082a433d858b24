"""What one refresh tells the next of its messages: what is wrong and was told, and what did not arrive."""

import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from flows.places import Places
from flows.swapped import swapped_in


@dataclass(frozen=True)
class Incident:
    """What is wrong, since the refresh that first saw it."""

    since: datetime
    what: str


@dataclass
class Known:
    """What is wrong and was told, what is still to be told to each address, and which digests it had."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    unsent: dict[str, list[str]] = field(default_factory=dict)
    moved_until: datetime | None = None  # values that moved until then were told
    digests: dict[str, dict[str, date]] = field(default_factory=dict)  # grain → address → the last day that it knows


def read(places: Places) -> Known:
    """What the last refresh knew; nothing where there was none, or the file is damaged."""
    try:
        said = json.loads(places.alerts.read_bytes())
        moved_until = said["moved_until"] and datetime.fromisoformat(said["moved_until"])
        incidents = {
            name: Incident(datetime.fromisoformat(one["since"]), one["what"]) for name, one in said["incidents"].items()
        }
        digests = {
            grain: {name: date.fromisoformat(day) for name, day in had.items()}
            for grain, had in said.get("digests", {}).items()  # which an earlier Parcours did not keep
        }
        return Known(incidents, said["unsent"], moved_until, digests)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Known()


def keep(places: Places, known: Known) -> list[str]:
    """For the next refresh; gives why that failed, where it did."""
    try:
        with swapped_in(places.alerts) as fresh:
            fresh.write_text(json.dumps(asdict(known), default=str, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        return [f"{places.alerts} cannot be written ({error.strerror})"]
    return []
