"""The world's last weeks: some contacts change their address for another of theirs, and some are erased on request."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from sandbox.events import Contact, ContactEvent, Person
from sandbox.simulation.setting import Setting, at, moment

EACH = 24  # of every tool
SETTLED = timedelta(days=30)  # long confirmed, so that an earlier refresh has seen them
DAYS = 20


def moved_or_erased(
    setting: Setting, people: list[Person], contacts: list[Contact], events: list[ContactEvent]
) -> Iterator[ContactEvent]:
    """From a generator of their own: nothing else in the world depends on them."""
    settled = _settled(setting, contacts, events)
    addresses: dict[str, set[str]] = defaultdict(set)
    for one in contacts:
        addresses[one.tool].add(one.email.strip().lower())
    for tool in sorted(addresses):
        random = setting.random("moves", tool)
        ours = [one for one in settled if one.tool == tool]
        second = {one.contact_id: _second_mailbox(people[one.person_id - 1]) for one in ours}
        movers = {
            address: one for one in ours if (address := second[one.contact_id]) and address not in addresses[tool]
        }
        for address, one in random.sample(list(movers.items()), min(len(movers), setting.at_least(EACH))):
            yield ContactEvent(one.contact_id, "change", _when(setting, random), address)
        staying = [one for one in ours if not second[one.contact_id]]
        for one in random.sample(staying, min(len(staying), setting.at_least(EACH))):
            yield ContactEvent(one.contact_id, "erase", _when(setting, random))


def _settled(setting: Setting, contacts: list[Contact], events: list[ContactEvent]) -> list[Contact]:
    """Who confirmed long ago and has not been archived."""
    long_ago = at(setting.last_day, 0) - SETTLED
    confirmed = {one.contact_id for one in events if one.kind == "confirm" and one.happened_at < long_ago}
    archived = {one.contact_id for one in events if one.kind == "archive"}
    return [
        one
        for one in contacts
        if one.kind == "subscriber" and one.contact_id in confirmed and one.contact_id not in archived
    ]


def _second_mailbox(person: Person) -> str:
    return next((one for one in person.other_emails if ".perso@" in one), "")


def _when(setting: Setting, random: Random) -> datetime:
    return moment(random, setting.last_day - timedelta(days=random.randint(1, DAYS)), first_hour=8, last_hour=20)
