"""Opt-ins: what each e-mail tool shows of them, refresh by refresh, and the earliest that was ever seen."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sandbox.events import Contact
from sandbox.truth.addresses import normalised
from sandbox.truth.mail import is_ours
from sandbox.truth.view import View


class OptIn(NamedTuple):
    """A confirmed opt-in and the tool that showed it; of two at once, the one of the first tool by name."""

    at: datetime
    tool: str


@dataclass
class _History:
    """What happened to a contact."""

    confirms: list[datetime] = field(default_factory=list)
    archivings: list[datetime] = field(default_factory=list)

    def last_confirm(self, as_of: datetime) -> datetime | None:
        """The last confirmation by an instant."""
        return max((confirm for confirm in self.confirms if confirm <= as_of), default=None)

    def is_archived(self, as_of: datetime) -> bool:
        """Whether it is gone at an instant: archived, and not confirmed anew since."""
        last = max((archiving for archiving in self.archivings if archiving <= as_of), default=None)
        confirm = self.last_confirm(as_of)
        return last is not None and (confirm is None or confirm <= last)


Histories = Mapping[str, _History]
Shown = Iterator[tuple[str, datetime]]  # an address and an opt-in of it


def first_opt_ins(view: View) -> dict[str, OptIn]:
    """Each person's earliest opt-in that any refresh was shown, over all tools together."""
    histories = _histories(view)
    found: dict[str, OptIn] = {}
    for tool in view.business.mail_tools:
        contacts = [one for one in view.world.contacts if one.tool == tool and is_ours(view, one.list_id, tool)]
        for address, instant in SHOWN_BY[tool](view, contacts, histories):
            person, opt_in = normalised(address), OptIn(instant, tool)
            found[person] = min(opt_in, found.get(person, opt_in))
    return found


def _histories(view: View) -> Histories:
    found: dict[str, _History] = defaultdict(_History)
    for event in view.world.contact_events:
        if event.kind == "confirm":
            found[event.contact_id].confirms.append(event.happened_at)
        elif event.kind == "archive":
            found[event.contact_id].archivings.append(event.happened_at)
    return found


def _first_shown(view: View, shown: Callable[[datetime], datetime | None]) -> datetime | None:
    """What the first refresh sees that is shown anything: a later one can only be shown a later opt-in."""
    instants = (shown(refresh.as_of) for refresh in view.refreshes)
    return next((instant for instant in instants if instant is not None), None)


def shown_by_mailchimp(view: View, contacts: list[Contact], histories: Histories) -> Shown:
    """The last confirmation of an address on a list, archived or not: a re-opt-in hides the one before."""
    members: dict[tuple[str, str], _History] = defaultdict(_History)
    for contact in contacts:
        if contact.kind != "transactional":
            members[contact.list_id, contact.email.strip().lower()].confirms += histories[contact.contact_id].confirms
    for (_, address), history in members.items():
        instant = _first_shown(view, history.last_confirm)
        if instant:
            yield address, instant


def shown_by_brevo(view: View, contacts: list[Contact], histories: Histories) -> Shown:
    """The opt-in attribute, which a re-opt-in overwrites; creation for who was imported without one."""
    for contact in contacts:
        if contact.kind == "transactional":
            continue
        history = histories[contact.contact_id]

        def shown(as_of: datetime, contact: Contact = contact, history: _History = history) -> datetime | None:
            is_imported = contact.kind == "imported" and contact.created_at <= as_of
            since = history.last_confirm(as_of) or (contact.created_at if is_imported else None)
            return None if history.is_archived(as_of) else since

        instant = _first_shown(view, shown)
        if instant:
            yield contact.email, instant


def shown_by_klaviyo(view: View, contacts: list[Contact], histories: Histories) -> Shown:
    """Every subscription, however old: its event stays, while the consent on the profile is replaced by a later one.

    The address is the profile's, so a subscription of a profile that no refresh saw is nobody's.
    """
    for contact in contacts:
        history = histories[contact.contact_id]
        instants = (one.as_of for one in view.refreshes)
        is_seen = any(contact.created_at <= as_of and not history.is_archived(as_of) for as_of in instants)
        if is_seen and contact.kind != "transactional":
            yield from ((contact.email, confirm) for confirm in history.confirms if confirm <= view.now)


SHOWN_BY: dict[str, Callable[[View, list[Contact], Histories], Shown]] = {
    "mailchimp": shown_by_mailchimp,
    "brevo": shown_by_brevo,
    "klaviyo": shown_by_klaviyo,
}
