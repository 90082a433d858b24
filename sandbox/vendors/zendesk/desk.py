"""What Zendesk shows at an instant: tickets, legacy satisfaction ratings and CSAT survey responses."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.events import Ticket, TicketRating, World

Item = dict[str, Any]

MERGED_AFTER = timedelta(hours=1)
SCRUBBED_AFTER, SCRUBBED = timedelta(days=30), "SCRUBBED"  # a deleted ticket loses its words, and stays
EXPIRES_AFTER = timedelta(days=28)
CHANNELS = ("email", "web", "chat", "api")
ANSWERS = ("good", "bad")
FIRST_PERSON, FIRST_RATING = 360_000_000_000, 9_000_000  # the vendor's numbers are not the world's


def instant(moment: datetime) -> str:
    """A time as Zendesk writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise(moment: datetime) -> str:
    """A time as the survey responses write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def switched_at(world: World) -> datetime:
    """When the account went over from legacy ratings to surveys: in the middle of its world."""
    middle = world.first_day + (world.last_day - world.first_day) // 2
    return datetime(middle.year, middle.month, middle.day, tzinfo=UTC)


@dataclass(frozen=True)
class Rated:
    """What one way of asking knows of a ticket: since when, and what was said last."""

    ticket: Ticket
    offered_at: datetime
    last: TicketRating


class Desk:
    """The tickets of a world with their ratings, indexed once."""

    def __init__(self, world: World) -> None:
        self.switched_at = switched_at(world)
        self._tickets = {one.ticket_id: one for one in world.tickets}
        self._people = {one.person_id: one for one in world.people}
        self._ratings: dict[int, list[TicketRating]] = defaultdict(list)
        for rating in sorted(world.ticket_ratings, key=lambda one: one.happened_at):
            self._ratings[rating.ticket_id].append(rating)

    def changed(self, now: datetime) -> list[tuple[int, Ticket]]:
        """The tickets that exist by now, in the order of their last change, with its second."""
        existing = [one for one in self._tickets.values() if one.created_at <= now]
        return sorted(
            ((self._changed_at(one, now), one) for one in existing), key=lambda pair: (pair[0], pair[1].ticket_id)
        )

    def rated(self, now: datetime, by_survey: bool) -> list[Rated]:
        """What one way of asking knows by now, oldest first; each has what happened in its own time."""
        found = []
        for ticket in self._tickets.values():
            seen = [one for one in self._events(ticket, now) if (one.happened_at >= self.switched_at) == by_survey]
            if seen:
                found.append(Rated(ticket, seen[0].happened_at, seen[-1]))
        return sorted(found, key=lambda one: (one.offered_at, one.ticket.ticket_id))

    def _events(self, ticket: Ticket, now: datetime) -> list[TicketRating]:
        return [one for one in self._ratings.get(ticket.ticket_id, ()) if one.happened_at <= now]

    def _updated_at(self, ticket: Ticket, now: datetime) -> datetime:
        """The last change by somebody: what the vendor does by itself is none."""
        moments = [one.happened_at for one in self._events(ticket, now)]
        moments += [one for one in (ticket.deleted_at, self._merged_at(ticket)) if one and one <= now]
        return max([ticket.created_at, *moments])

    def _changed_at(self, ticket: Ticket, now: datetime) -> int:
        scrubbed = [self._scrubbed_at(ticket)] if self._is_scrubbed(ticket, now) else []
        return int(max([self._updated_at(ticket, now), *scrubbed]).timestamp())

    @staticmethod
    def _merged_at(ticket: Ticket) -> datetime | None:
        return (ticket.merged_at or ticket.created_at + MERGED_AFTER) if ticket.merged_into is not None else None

    @staticmethod
    def _scrubbed_at(ticket: Ticket) -> datetime:
        return (ticket.deleted_at or ticket.created_at) + SCRUBBED_AFTER

    def _is_scrubbed(self, ticket: Ticket, now: datetime) -> bool:
        return self._status(ticket, now) == "deleted" and self._scrubbed_at(ticket) <= now

    def _status(self, ticket: Ticket, now: datetime) -> str:
        merged_at = self._merged_at(ticket)
        if ticket.is_spam or (ticket.deleted_at and ticket.deleted_at <= now):
            return "deleted"
        if merged_at and merged_at <= now:
            return "closed"
        return "solved" if self._events(ticket, now) else "open"

    def ticket_item(self, ticket: Ticket, changed_at: int, now: datetime) -> Item:
        """An item of the export; there is no choice of fields."""
        person, merged_at = self._people.get(ticket.person_id), self._merged_at(ticket)
        name = f"{person.first_name} {person.last_name}" if person else "?"
        sender = {"address": person.email.strip() if person else None, "name": name}
        events = self._events(ticket, now)
        tags = [f"client_{name.lower().replace(' ', '_')}"]  # free text, as agents write it
        if merged_at and merged_at <= now:
            tags.append("closed_by_merge")
        is_scrubbed = self._is_scrubbed(ticket, now)
        subject, words = (SCRUBBED, SCRUBBED) if is_scrubbed else (ticket.subject, f"{ticket.subject}\n\n{name}")
        return {
            "url": f"https://boutique.zendesk.com/api/v2/tickets/{ticket.ticket_id}.json",
            "id": ticket.ticket_id,
            "via": {
                "channel": _channel(ticket),
                "source": {"from": sender, "to": {"name": "Boutique"}, "rel": None},
            },
            "created_at": instant(ticket.created_at),
            "updated_at": instant(self._updated_at(ticket, now)),
            "generated_timestamp": changed_at,
            "type": None,
            "subject": subject,
            "raw_subject": subject,
            "description": words,
            "priority": None,
            "status": self._status(ticket, now),
            "requester_id": FIRST_PERSON + ticket.person_id,
            "submitter_id": FIRST_PERSON + ticket.person_id,
            "tags": [] if is_scrubbed else tags,
            "satisfaction_rating": {"score": events[-1].score if events else "unoffered"},
        }

    def rating_item(self, rated: Rated) -> Item:
        """An item of the legacy ratings: an offer becomes an answer in place."""
        rating_id = FIRST_RATING + rated.ticket.ticket_id
        return {
            "url": f"https://boutique.zendesk.com/api/v2/satisfaction_ratings/{rating_id}.json",
            "id": rating_id,
            "assignee_id": 235323,
            "group_id": 44,
            "requester_id": FIRST_PERSON + rated.ticket.person_id,
            "ticket_id": rated.ticket.ticket_id,
            "score": rated.last.score,
            "created_at": instant(rated.offered_at),
            "updated_at": instant(rated.last.happened_at),
            "comment": rated.last.comment or None,
            "reason": "No reason provided" if rated.last.score == "bad" else None,
        }

    def response_item(self, rated: Rated) -> Item:
        """An item of the survey responses: without answers as long as it is only offered."""
        ticket_id = rated.ticket.ticket_id
        return {
            "id": f"01J1WB51MG6HXTYWE6{ticket_id:08d}",
            "responder_id": FIRST_PERSON + rated.ticket.person_id,
            "subject_zrns": [f"zen:ticket:{ticket_id}"],
            "subjects": [{"id": str(ticket_id), "type": "ticket", "zrn": f"zen:ticket:{ticket_id}"}],
            "survey": {"id": "01J58KJ9RAE0D2EK7HRVM7Z8F2", "version": 3, "state": "enabled"},
            "expires_at": precise(rated.offered_at + EXPIRES_AFTER),
            "answers": _answers(rated) if rated.last.score in ANSWERS else [],
        }


def _channel(ticket: Ticket) -> str:
    return "side_conversation" if ticket.is_side_conversation else CHANNELS[ticket.ticket_id % len(CHANNELS)]


def _answers(rated: Rated) -> list[Item]:
    """The customer's own words or their absence, and a rating of 1..5 that is good from 4 on."""
    times = dict.fromkeys(("created_at", "updated_at"), precise(rated.last.happened_at))
    words = {"type": "open_ended", "value": rated.last.comment} if rated.last.comment else {"type": "skipped"}
    return [
        {
            **words,
            "question": {"id": "01GFYBENPDGN1R6NAA4WRDNVFR", "type": "open_ended", "alias": "comment"},
            **times,
        },
        {
            "type": "rating_scale",
            "rating": (4 if rated.last.score == "good" else 1) + rated.ticket.ticket_id % 2,
            "rating_category": rated.last.score,
            "question": {
                "id": "01GFYBENPDGN1R6NAA4WRDNVFQ",
                "type": "rating_scale",
                "sub_type": "customer_satisfaction",
            },
            **times,
        },
    ]
