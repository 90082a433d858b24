"""How each source fares, in plain words."""

from dataclasses import dataclass
from datetime import date

from dashboard.cards import day_of
from dashboard.facts import Facts, Row
from dashboard.words import Both, told
from pipelines.expiry import API_WARN_DAYS, WARN_DAYS


@dataclass(frozen=True)
class Source:
    """A vendor: how its last load ended, how far it goes, and what somebody should know."""

    title: str
    is_connected: bool
    is_fresh: bool
    state: Both
    through: date | None
    through_text: Both | None
    attention: list[Both]


def sources(facts: Facts) -> list[Source]:
    """All vendors, the connected ones first."""
    return [_source(row) for row in facts.health]


def _source(row: Row) -> Source:
    behind = row["days_behind"] or 0
    is_fresh = row["status"] in ("loaded", "ended") and behind == 0
    through = row["loaded_through"] if row["is_connected"] else None
    return Source(
        title=row["title"],
        is_connected=row["is_connected"],
        is_fresh=is_fresh,
        state=_state(row["status"], behind),
        through=through,
        through_text=day_of(through) if through else None,
        attention=_attention(row) if row["is_connected"] else [],
    )


def _state(status: str, behind: int) -> Both:
    if status == "loaded" and behind:
        return told("health.one_behind") if behind == 1 else told("health.behind", days=behind)
    return told(f"health.{status}")


def _attention(row: Row) -> list[Both]:
    found = [told("health.error", error=row["error"])] if row["error"] else []
    if row["credential_days_left"] is not None and row["credential_days_left"] < WARN_DAYS:
        found.append(told("health.credential", day=day_of(row["credential_expires_on"])))
    if row["api_days_left"] is not None and row["api_days_left"] < API_WARN_DAYS:
        found.append(told("health.api", day=day_of(row["api_ends_on"])))
    return found
