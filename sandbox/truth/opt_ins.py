"""Opt-ins: what each e-mail tool shows of them, refresh by refresh, and the earliest that was ever seen."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sandbox.events import Contact, ContactEvent
from sandbox.truth.mail import is_ours
from sandbox.truth.persons import Persons
from sandbox.truth.view import View, exists


class OptIn(NamedTuple):
    """A confirmed opt-in and the tool that showed it; of two at once, the one of the first tool by name."""

    at: datetime
    tool: str


class Told(NamedTuple):
    """An opt-in of a contact, with an address that the contact had when a refresh was shown it."""

    contact: str
    address: str
    opt_in: OptIn


@dataclass
class _History:
    """What happened to a contact."""

    confirms: list[datetime] = field(default_factory=list)
    archivings: list[datetime] = field(default_factory=list)
    erasures: list[datetime] = field(default_factory=list)
    changes: list[ContactEvent] = field(default_factory=list)

    def last_confirm(self, as_of: datetime) -> datetime | None:
        """The last confirmation by an instant."""
        return max((confirm for confirm in self.confirms if confirm <= as_of), default=None)

    def is_archived(self, as_of: datetime) -> bool:
        """Whether it is gone at an instant: archived, and not confirmed anew since."""
        last = max((archiving for archiving in self.archivings if archiving <= as_of), default=None)
        confirm = self.last_confirm(as_of)
        return last is not None and (confirm is None or confirm <= last)

    def is_erased(self, as_of: datetime) -> bool:
        """Whether it was deleted for good by an instant."""
        return any(erasure <= as_of for erasure in self.erasures)

    def address(self, first: str, as_of: datetime) -> str:
        """The address at an instant."""
        past = [one for one in self.changes if one.happened_at <= as_of]
        return max(past, key=lambda one: one.happened_at).email if past else first


Histories = Mapping[str, _History]
Shown = Iterator[tuple[str, str, datetime]]  # a contact, an address of it, and an opt-in of it


def told_opt_ins(view: View) -> list[Told]:
    """What the refreshes were told, over all tools together."""
    histories = _histories(view)
    found = []
    for tool in view.business.mail_tools:
        contacts = [one for one in view.world.contacts if one.tool == tool and is_ours(view, one.list_id, tool)]
        found += [Told(who, address, OptIn(at, tool)) for who, address, at in SHOWN_BY[tool](view, contacts, histories)]
    return found


def persons(told: list[Told]) -> Persons:
    """Whose the addresses are, as far as opt-ins tell."""
    return Persons((one.contact, one.address) for one in told)


def first_opt_ins(told: list[Told], people: Persons) -> dict[str, OptIn]:
    """Each person's earliest opt-in that any refresh was told."""
    found: dict[str, OptIn] = {}
    for one in told:
        person = people.of(one.address)
        found[person] = min(one.opt_in, found.get(person, one.opt_in))
    return found


def _histories(view: View) -> Histories:
    found: dict[str, _History] = defaultdict(_History)
    for event in view.world.contact_events:
        history = found[event.contact_id]
        if event.kind == "confirm":
            history.confirms.append(event.happened_at)
        elif event.kind == "archive":
            history.archivings.append(event.happened_at)
        elif event.kind == "erase":
            history.erasures.append(event.happened_at)
        elif event.kind == "change":
            history.changes.append(event)
    return found


def _shown(
    view: View, contact: Contact, history: _History, shown: Callable[[datetime], datetime | None]
) -> Iterator[tuple[str, str, datetime]]:
    """What the first refresh sees that is shown anything, and the first with each further address.

    A later refresh can only be shown a later opt-in.
    """
    found: dict[str, datetime] = {}
    for refresh in view.refreshes:
        instant = None if history.is_erased(refresh.as_of) else shown(refresh.as_of)
        if instant is not None:
            found.setdefault(history.address(contact.email, refresh.as_of), instant)
            if not history.changes:
                break
    for address, instant in found.items():
        yield contact.contact_id, address, instant


def shown_by_mailchimp(view: View, contacts: list[Contact], histories: Histories) -> Shown:
    """The last confirmation of an address on a list, archived or not: a re-opt-in hides the one before.

    With a removed list, all its members are erased.
    """
    removed = _removals(view)
    members: dict[tuple[str, str], tuple[Contact, _History]] = {}
    for contact in contacts:
        if contact.kind != "transactional":
            address = contact.list_id, contact.email.strip().lower()
            removal = [removed[contact.list_id]] if contact.list_id in removed else []
            _, history = members.setdefault(address, (contact, _History(erasures=removal)))
            history.confirms += histories[contact.contact_id].confirms
            history.erasures += histories[contact.contact_id].erasures
            history.changes += histories[contact.contact_id].changes
    for contact, history in members.values():
        yield from _shown(view, contact, history, history.last_confirm)


def _removals(view: View) -> dict[str, datetime]:
    """When the lists were removed that were."""
    return {one.list_id: one.removed_at for one in view.world.mail_lists if one.removed_at}


def shown_by_brevo(view: View, contacts: list[Contact], histories: Histories) -> Shown:
    """The opt-in attribute, which a re-opt-in overwrites; creation for who was imported to a list without one."""
    removed = _removals(view)
    for contact in contacts:
        if contact.kind == "transactional":
            continue
        history = histories[contact.contact_id]

        def shown(as_of: datetime, contact: Contact = contact, history: _History = history) -> datetime | None:
            is_imported = contact.kind == "imported" and exists(contact.created_at, removed.get(contact.list_id), as_of)
            since = history.last_confirm(as_of) or (contact.created_at if is_imported else None)
            return None if history.is_archived(as_of) else since

        yield from _shown(view, contact, history, shown)


def shown_by_klaviyo(view: View, contacts: list[Contact], histories: Histories) -> Shown:
    """Every subscription, however old: its event stays, while the consent on the profile is replaced by a later one.

    The addresses are the profile's, so a subscription of a profile that no refresh saw is nobody's.
    """
    for contact in contacts:
        history = histories[contact.contact_id]
        if contact.kind == "transactional":
            continue
        addresses = {
            history.address(contact.email, one.as_of)
            for one in view.refreshes
            if contact.created_at <= one.as_of
            and not history.is_archived(one.as_of)
            and not history.is_erased(one.as_of)
        }
        confirms = [confirm for confirm in history.confirms if confirm <= view.now]
        yield from ((contact.contact_id, address, confirm) for address in addresses for confirm in confirms)


SHOWN_BY: dict[str, Callable[[View, list[Contact], Histories], Shown]] = {
    "mailchimp": shown_by_mailchimp,
    "brevo": shown_by_brevo,
    "klaviyo": shown_by_klaviyo,
}
