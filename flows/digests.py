"""Digests by the refresh: of each week or month that ends, once to each address; what did not arrive goes again."""

from datetime import date
from pathlib import Path

from dashboard.digest import Digest, digest
from dashboard.published import opened
from flows.delivery import addresses, deliver
from flows.places import Places
from flows.told import Known
from pipelines.settings import Alerts

ENDED = """
    select max(period_end) as last_day from marts.dim_periods
    where grain = $grain and is_ended and is_whole_in_history
"""


def had(alerts: Alerts, known: Known, through: date) -> dict[str, dict[str, date]]:
    """Grain → address → the last day that it knows of; to a new one all that has ended by now is past."""
    return {
        grain: {name: known.digests.get(grain, {}).get(name, through) for name in alerts.to} for grain in alerts.digest
    }


def send_due(places: Places, known: Known) -> list[str]:
    """What an address lacks of what has ended, of each grain the latest; gives why one did not arrive."""
    faults: list[str] = []
    for grain, last_days in known.digests.items():
        try:
            ended = _ended(places.marts, grain)
            due = [name for name, day in last_days.items() if ended and ended > day]
            failed = _deliver(digest(places.marts, grain), places, due) if due else {}
        except Exception as error:  # noqa: BLE001  whatever it was, the refresh itself has ended as it has
            faults.append(f"it could not be written: {type(error).__name__}: {error}")
            continue
        last_days |= {name: ended for name, fault in failed.items() if ended and not fault}
        faults += filter(None, failed.values())
    return faults


def send(alerts: Alerts, places: Places, written: Digest) -> dict[str, str]:
    """To each address now: why it was not delivered, '' where it was."""
    return _deliver(written, places, addresses(alerts))


def _deliver(written: Digest, places: Places, names: list[str]) -> dict[str, str]:
    """With the page, where it was written."""
    page = places.dashboard if places.dashboard.exists() else None
    return {name: deliver(name, written.subject, written.html, is_html=True, attached=page) for name in names}


def _ended(marts: Path, grain: str) -> date | None:
    """The last day of the latest period that has ended."""
    with opened(marts) as ask:
        [row] = ask(ENDED, {"grain": grain})
    last_day: date | None = row["last_day"]
    return last_day
