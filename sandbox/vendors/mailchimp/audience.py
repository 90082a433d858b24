"""What Mailchimp shows at an instant of its lists and their members."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sandbox.events import Contact, ContactEvent, MailList, World
from sandbox.vendors.contacts import address, is_erased
from sandbox.vendors.mailchimp.reports import TOOL, Item, instant, is_there

STATUSES = {"confirm": "subscribed", "unsubscribe": "unsubscribed", "clean": "cleaned", "archive": "archived"}


@dataclass(frozen=True)
class Member:
    """A contact on a list as of an instant: `member_id` is its address's, `contact_id` stays when that changes."""

    member_id: str
    contact_id: str
    address: str
    contact: Contact
    status: str
    signed_up_at: datetime | None
    opted_in_at: datetime | None  # of the last confirmation: the vendor forgets earlier ones
    changed_at: datetime


class Audience:
    """The lists of a world with their members, indexed once."""

    def __init__(self, world: World) -> None:
        self.lists = sorted((one for one in world.mail_lists if one.tool == TOOL), key=lambda one: one.list_id)
        self._names = {one.person_id: (one.first_name, one.last_name) for one in world.people}
        self._contacts: dict[str, dict[str, list[Contact]]] = defaultdict(lambda: defaultdict(list))
        self._events: dict[str, list[ContactEvent]] = defaultdict(list)
        for contact in sorted(world.contacts, key=lambda one: (one.created_at, one.contact_id)):
            if contact.tool == TOOL:
                self._contacts[contact.list_id][contact.email.strip().lower()].append(contact)
        for event in sorted(world.contact_events, key=lambda one: one.happened_at):
            self._events[event.contact_id].append(event)

    def existing(self, now: datetime) -> list[MailList]:
        """The lists that exist now; with a removed one, its members are gone."""
        return [one for one in self.lists if is_there(one.created_at, one.removed_at, now)]

    def members(self, list_id: str, now: datetime) -> list[Member]:
        """One member per address, oldest first; one that was deleted for good is nowhere."""
        by_address = self._contacts.get(list_id, {}).values()
        found = [self._member(contacts, now) for contacts in by_address if contacts[0].created_at <= now]
        return [one for one in found if one]

    def _member(self, contacts: list[Contact], now: datetime) -> Member | None:
        first = contacts[0]
        events = [event for one in contacts for event in self._events.get(one.contact_id, ())]
        events = sorted((one for one in events if one.happened_at <= now), key=lambda one: one.happened_at)
        if is_erased(events, now):
            return None
        email = address(first.email, events, now)
        decisive = [event for event in events if event.kind in STATUSES]
        at_first = {"transactional": "transactional", "imported": "subscribed"}.get(first.kind, "pending")
        return Member(
            member_id=_md5(email.lower()),
            contact_id=_md5(first.contact_id),
            address=email,
            contact=first,
            status=STATUSES[decisive[-1].kind] if decisive and first.kind != "transactional" else at_first,
            signed_up_at=next((event.happened_at for event in events if event.kind == "signup"), None),
            opted_in_at=max((event.happened_at for event in events if event.kind == "confirm"), default=None),
            changed_at=max([first.created_at, *(event.happened_at for event in events)]),
        )

    def list_item(self, one: MailList, now: datetime) -> Item:
        """An item of /lists, without what its stats say of campaigns."""
        statuses = [member.status for member in self.members(one.list_id, now)]
        return {
            "id": one.list_id,
            "name": one.name,
            "date_created": instant(one.created_at),
            "double_optin": True,
            "stats": {
                "member_count": statuses.count("subscribed"),
                "unsubscribe_count": statuses.count("unsubscribed"),
                "cleaned_count": statuses.count("cleaned"),
            },
        }

    def member_item(self, member: Member) -> Item:
        """An item of /lists/{list_id}/members."""
        first_name, last_name = self._names.get(member.contact.person_id, ("", ""))
        return {
            "id": member.member_id,
            "contact_id": member.contact_id,
            "email_address": member.address,
            "unique_email_id": member.member_id[:10],
            "full_name": f"{first_name} {last_name}".strip(),
            "status": member.status,
            "merge_fields": {"FNAME": first_name, "LNAME": last_name},
            "ip_signup": "192.0.2.1" if member.signed_up_at else "",
            "timestamp_signup": instant(member.signed_up_at),
            "ip_opt": "192.0.2.1" if member.opted_in_at else "",
            "timestamp_opt": instant(member.opted_in_at),
            "last_changed": instant(member.changed_at),
            "language": "fr",
            "vip": False,
            "source": "Import" if member.contact.kind == "imported" else "Hosted Signup Form",
            "tags": [],
            "list_id": member.contact.list_id,
        }


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
