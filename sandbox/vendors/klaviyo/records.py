"""What Klaviyo holds of a world at an instant: profiles, events, campaigns, flows and lists."""

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.events import Contact, ContactEvent, Mailing, MailList, MailSend, World
from sandbox.vendors.contacts import address, is_erased

Item = dict[str, Any]

TOOL = "klaviyo"
RECEIVED, BOUNCED, OPENED, CLICKED = "Received Email", "Bounced Email", "Opened Email", "Clicked Email"
SUBSCRIBED, JOINED, LEFT = "Subscribed to Email Marketing", "Subscribed to List", "Unsubscribed from Email Marketing"
METRICS = {
    RECEIVED: "KlvRcv", BOUNCED: "KlvBnc", OPENED: "KlvOpn", CLICKED: "KlvClk",
    SUBSCRIBED: "KlvSub", JOINED: "KlvLst", LEFT: "KlvUns",
}  # fmt: skip
WRITTEN_BEFORE = timedelta(days=1)  # a campaign is a draft for a day
BOUNCES = {"hard": "Hard", "soft": "Soft", "syntax": "Hard"}


def instant(moment: datetime | None) -> str | None:
    """A time as Klaviyo writes it."""
    return moment.isoformat(timespec="seconds") if moment else None


@dataclass(frozen=True, slots=True)
class Event:
    """An event; it carries the instant at which it happened, and shows from another one on."""

    event_id: str
    metric: str
    profile_id: str
    happened_at: datetime
    shown_at: datetime
    properties: Item
    named_until: datetime | None = None  # of a campaign's: when that is deleted

    def shown_properties(self, now: datetime) -> Item:
        """What it says now: of a deleted campaign, no longer which one that was."""
        if self.named_until is None or self.named_until > now:
            return self.properties
        return {name: value for name, value in self.properties.items() if name != "$message"}


@dataclass(frozen=True)
class Profile:
    """An address: the contacts that spell it, and what they did, in order."""

    profile_id: str
    contacts: list[Contact]
    events: list[ContactEvent]

    def past(self, now: datetime) -> list[ContactEvent]:
        """What it did by now."""
        return [one for one in self.events if one.happened_at <= now]

    def exists(self, now: datetime) -> bool:
        """Whether it was created by now and not deleted since."""
        decisive = [one.kind for one in self.past(now) if one.kind != "change"]
        is_deleted = decisive[-1:] == ["archive"] or is_erased(self.events, now)
        return self.contacts[0].created_at <= now and not is_deleted

    def address(self, when: datetime) -> str:
        """Its address at an instant."""
        return address(self.contacts[0].email, self.events, when)

    def updated_at(self, now: datetime) -> datetime:
        """Its last change."""
        return max([self.contacts[0].created_at, *(one.happened_at for one in self.past(now))])

    def is_in(self, list_id: str, now: datetime) -> bool:
        """Who confirmed or was imported is a member until they unsubscribe; a bounce does not remove them."""
        ours = [one for one in self.contacts if one.list_id == list_id and one.created_at <= now]
        known = {one.contact_id for one in ours}
        decisive = [
            one.kind for one in self.past(now) if one.contact_id in known and one.kind in ("confirm", "unsubscribe")
        ]
        return decisive[-1] == "confirm" if decisive else any(one.kind == "imported" for one in ours)

    def marketing(self, now: datetime) -> Item:
        """Its consent to e-mail: the last one only, and no time where an import brought none."""
        past = self.past(now)
        decisive = [one for one in past if one.kind in ("confirm", "unsubscribe")]
        bounced = [one for one in past if one.kind == "clean"]
        at_first = "SUBSCRIBED" if self.contacts[0].kind == "imported" else "NEVER_SUBSCRIBED"
        consent = {"confirm": "SUBSCRIBED", "unsubscribe": "UNSUBSCRIBED"}[decisive[-1].kind] if decisive else at_first
        suppression = [{"reason": "HARD_BOUNCE", "timestamp": instant(one.happened_at)} for one in bounced]
        return {
            "can_receive_email_marketing": consent != "UNSUBSCRIBED" and not bounced,
            "consent": consent,
            "consent_timestamp": instant(decisive[-1].happened_at) if decisive else None,
            "last_updated": instant(self.updated_at(now)),
            "method": "FORM" if decisive else None,
            "method_detail": "boutique.example/guide-gratuit",
            "double_optin": bool(decisive),
            "suppression": suppression,
            "list_suppressions": [],
        }


class Records:
    """Everything that Klaviyo will ever hold of a world, indexed once."""

    def __init__(self, world: World) -> None:
        self.lists = sorted((one for one in world.mail_lists if one.tool == TOOL), key=lambda one: one.list_id)
        self.people = {one.person_id: one for one in world.people}
        self.mailings = {one.mailing_id: one for one in world.mailings if one.tool == TOOL}
        self.automations = {one.automation_id: one for one in world.automations if one.tool == TOOL}
        self.profiles = {one.profile_id: one for one in _profiles(world)}
        self.profile_of = {contact.contact_id: one for one in self.profiles.values() for contact in one.contacts}
        found = [*self._opt_ins(), *self._mail(world)]
        self.events = sorted(found, key=lambda one: (one.happened_at, one.event_id))

    def existing_lists(self, now: datetime) -> list[MailList]:
        """The lists that exist now."""
        return [one for one in self.lists if one.created_at <= now and (one.removed_at is None or one.removed_at > now)]

    def existing_profiles(self, now: datetime) -> list[Profile]:
        """The profiles that exist now."""
        return [one for one in self.profiles.values() if one.exists(now)]

    def members(self, list_id: str, now: datetime) -> int:
        """How many profiles are in a list."""
        return sum(one.is_in(list_id, now) for one in self.existing_profiles(now))

    def shown_events(self, now: datetime) -> list[Event]:
        """The events that show by now, oldest first."""
        return [one for one in self.events if one.shown_at <= now]

    def shown_metrics(self, now: datetime) -> list[str]:
        """The metrics that have an event: the others are not there yet."""
        shown = {one.metric for one in self.events if one.shown_at <= now}
        return [name for name in METRICS if name in shown]

    def campaigns(self, now: datetime) -> list[Mailing]:
        """Campaigns, drafts among them, that were not deleted; what a flow sends is none."""
        found = [one for one in self.mailings.values() if one.kind in ("regular", "ab_parent")]
        found = [one for one in found if one.sent_at - WRITTEN_BEFORE <= now]
        found = [one for one in found if one.deleted_at is None or one.deleted_at > now]
        return sorted(found, key=lambda one: (one.sent_at, one.mailing_id))

    def campaign_updated_at(self, campaign: Mailing, now: datetime) -> datetime:
        """The vendor's own change, that it was sent, is one as well."""
        return campaign.sent_at if campaign.sent_at <= now else campaign.sent_at - WRITTEN_BEFORE

    def messages(self, campaign: Mailing) -> list[str]:
        """The ids of a campaign's messages: one, or one for each variation of an A/B test."""
        variations = [one.mailing_id for one in self.mailings.values() if one.parent_id == campaign.mailing_id]
        return [f"{one}Msg" for one in variations or [campaign.mailing_id]]

    def flows(self, now: datetime) -> list[tuple[str, str, datetime]]:
        """Id, name and start of each flow: the automations, and one for each journey."""
        found = [(one.automation_id, one.title, one.started_at) for one in self.automations.values()]
        journeys = [one for one in self.mailings.values() if one.kind == "journey"]
        found += [(journey_flow(one), one.subject, one.sent_at) for one in journeys]
        return sorted(one for one in found if one[2] <= now)

    def _opt_ins(self) -> Iterator[Event]:
        """A confirmation is two events; a form that is not confirmed is none."""
        metrics = {"confirm": (SUBSCRIBED, JOINED), "unsubscribe": (LEFT,)}
        for profile in self.profiles.values():
            for number, one in enumerate(profile.events):
                for metric in metrics.get(one.kind, ()):
                    event_id = f"{METRICS[metric]}{profile.profile_id}{number}"
                    properties = {"List": "Newsletter", "$source": "Form", "ip": "192.0.2.1"}
                    yield Event(event_id, metric, profile.profile_id, one.happened_at, one.happened_at, properties)

    def _mail(self, world: World) -> Iterator[Event]:
        sends = {one.send_id: one for one in world.mail_sends if one.mailing_id in self.mailings}
        more: Item
        for send in sends.values():
            metric, more = (BOUNCED, {"Bounce Type": BOUNCES[send.bounce]}) if send.bounce else (RECEIVED, {})
            yield self._mail_event(f"3s{send.send_id}", metric, send, send.happened_at, send.happened_at, more)
        for number, opened in enumerate(world.mail_opens):
            if opened.send_id in sends:
                more = {"machine_open": opened.by_proxy, "Client Name": "Apple Mail", "Client OS": "iOS 19"}
                send, when = sends[opened.send_id], opened.happened_at
                yield self._mail_event(f"3o{number}", OPENED, send, when, opened.shown_at, more)
        for number, clicked in enumerate(world.mail_clicks):
            if clicked.send_id in sends:
                more = {"Bot Click": clicked.by_bot, "URL": f"{clicked.url}?_kx=Kq1", "Client Type": "browser"}
                send, when = sends[clicked.send_id], clicked.happened_at
                yield self._mail_event(f"3c{number}", CLICKED, send, when, clicked.shown_at, more)

    def _mail_event(
        self, event_id: str, metric: str, send: MailSend, happened_at: datetime, shown_at: datetime, more: Item
    ) -> Event:
        mailing, profile = self.mailings[send.mailing_id], self.profile_of[send.contact_id]
        properties = {
            "Recipient Email Address": profile.address(send.happened_at),
            "Subject": mailing.subject,
            "Campaign Name": f"{mailing.subject} (envoi)",
            "$message": self._message(mailing),
            **({"$flow": flow} if (flow := mailing.automation_id or journey_flow(mailing)) else {}),
            "$internal": {"Transmission ID": f"01TRANSMISSION{send.send_id}"},
            "$event_id": f"{mailing.mailing_id}:{send.send_id}",
            **more,
        }
        return Event(event_id, metric, profile.profile_id, happened_at, shown_at, properties, mailing.deleted_at)

    def _message(self, mailing: Mailing) -> str:
        """The id of the message; for some campaigns it is the campaign's own id."""
        if mailing.kind in ("automation", "journey"):
            return mailing.mailing_id
        campaign_id = mailing.parent_id or mailing.mailing_id
        return campaign_id if zlib.crc32(campaign_id.encode()) % 3 == 0 else f"{mailing.mailing_id}Msg"


def journey_flow(mailing: Mailing) -> str:
    """The flow behind a journey's e-mail; none for others."""
    return f"Flw{mailing.mailing_id}" if mailing.kind == "journey" else ""


def is_archived(mailing: Mailing) -> bool:
    """Some campaigns have been put away."""
    return zlib.crc32(mailing.mailing_id.encode()) % 4 == 1


def _profiles(world: World) -> Iterator[Profile]:
    """One profile for each address, whatever its spelling in capitals."""
    contacts: dict[str, list[Contact]] = defaultdict(list)
    for contact in sorted(world.contacts, key=lambda one: (one.created_at, one.contact_id)):
        if contact.tool == TOOL:
            contacts[contact.email.strip().lower()].append(contact)
    events: dict[str, list[ContactEvent]] = defaultdict(list)
    for event in sorted(world.contact_events, key=lambda one: one.happened_at):
        events[event.contact_id].append(event)
    for ours in contacts.values():
        profile_id = f"01{hashlib.sha256(ours[0].contact_id.encode()).hexdigest()[:24].upper()}"
        found = [event for one in ours for event in events[one.contact_id]]
        yield Profile(profile_id, ours, sorted(found, key=lambda one: one.happened_at))
