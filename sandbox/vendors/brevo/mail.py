"""What Brevo shows at an instant: contacts, lists, campaigns with their statistics, events of automated e-mails."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sandbox.events import Contact, ContactEvent, MailClick, Mailing, MailList, MailOpen, MailSend, Person, World
from sandbox.vendors.contacts import address, is_erased

Item = dict[str, Any]
Thing = TypeVar("Thing", MailOpen, MailClick)

TOOL = "brevo"
OPT_IN_ATTRIBUTE = "DATE_OPTIN"
CAMPAIGNS = ("regular", "ab_parent")
AUTOMATED = ("automation", "journey")
BOUNCES = {"hard": "hardBounces", "soft": "softBounces", "syntax": "invalid"}
WRITTEN_BEFORE = timedelta(days=1)  # a campaign is created a day before it is sent
SENDER = {"name": "La boutique", "id": 1, "email": "bonjour@boutique.example"}


def utc(moment: datetime) -> str:
    """A time as campaigns write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number(mailing_id: str) -> int:
    """The vendor's ids are numbers."""
    return int("".join(filter(str.isdigit, mailing_id)))


@dataclass(frozen=True)
class Shown:
    """A contact as of an instant; its opt-in is the last one, the vendor forgets earlier ones."""

    contact_id: int
    address: str
    contact: Contact
    list_ids: tuple[int, ...]
    opted_in_at: datetime | None
    created_at: datetime
    modified_at: datetime
    is_blacklisted: bool


class Audience:
    """The contacts of a world, one for each address whatever its lists, indexed once."""

    def __init__(self, world: World) -> None:
        self._zone = ZoneInfo(world.time_zone)
        self._people: dict[int, Person] = {one.person_id: one for one in world.people}
        self._lists = sorted((one for one in world.mail_lists if one.tool == TOOL), key=lambda one: int(one.list_id))
        by_address: dict[str, list[Contact]] = defaultdict(list)
        for contact in sorted(world.contacts, key=lambda one: (one.created_at, one.contact_id)):
            if contact.tool == TOOL:
                by_address[contact.email.strip().lower()].append(contact)
        self._contacts = list(by_address.values())
        self.numbers = {one.contact_id: at for at, same in enumerate(self._contacts, start=1) for one in same}
        self._events: dict[str, list[ContactEvent]] = defaultdict(list)
        for event in world.contact_events:
            self._events[event.contact_id].append(event)

    def local(self, moment: datetime) -> str:
        """A time as contacts and events write it: in the account's zone."""
        return moment.astimezone(self._zone).isoformat(timespec="milliseconds")

    def contacts(self, now: datetime) -> list[Shown]:
        """Who is there now, newest first."""
        shown = [self._shown(at, same, now) for at, same in enumerate(self._contacts, start=1)]
        return sorted((one for one in shown if one), key=lambda one: (one.created_at, one.contact_id), reverse=True)

    def _shown(self, contact_id: int, same: list[Contact], now: datetime) -> Shown | None:
        """A subscriber is created by the first confirmation, anybody else as the world says; who is deleted goes."""
        events = [event for one in same for event in self._events[one.contact_id] if event.happened_at <= now]
        confirms = [event.happened_at for event in events if event.kind == "confirm"]
        there = [one for one in same if self._since(one) <= now]
        told = sorted((one for one in events if one.kind != "signup"), key=lambda one: one.happened_at)
        decisive = [one.kind for one in told if one.kind != "change"]
        if not there or decisive[-1:] == ["archive"] or is_erased(events, now):
            return None
        lists = {one.list_id for one in self.lists(now)}
        listed = (one for one in there if one.kind != "transactional" and one.list_id in lists)
        return Shown(
            contact_id=contact_id,
            address=address(there[0].email, events, now),
            contact=there[0],
            list_ids=tuple(int(one.list_id) for one in listed),
            opted_in_at=max(confirms, default=None),
            created_at=min(self._since(one) for one in there),
            modified_at=max([self._since(one) for one in there] + [event.happened_at for event in told]),
            is_blacklisted=decisive[-1:] in (["unsubscribe"], ["clean"]),
        )

    def _since(self, contact: Contact) -> datetime:
        if contact.kind != "subscriber":
            return contact.created_at
        confirms = (one.happened_at for one in self._events[contact.contact_id] if one.kind == "confirm")
        return min(confirms, default=datetime.max.replace(tzinfo=UTC))

    def contact_item(self, one: Shown) -> Item:
        """An item of /contacts."""
        person = self._people.get(one.contact.person_id)
        attributes: Item = {"PRENOM": "", "NOM": "", "SMS": ""}
        if person:
            attributes = {"PRENOM": person.first_name, "NOM": person.last_name, "SMS": person.phone}
        if one.opted_in_at:
            attributes[OPT_IN_ATTRIBUTE] = self.local(one.opted_in_at)
        return {
            "email": one.address,
            "id": one.contact_id,
            "emailBlacklisted": one.is_blacklisted,
            "smsBlacklisted": False,
            "whatsappBlacklisted": False,
            "createdAt": self.local(one.created_at),
            "modifiedAt": self.local(one.modified_at),
            "listIds": list(one.list_ids),
            "attributes": attributes,
        }

    def address(self, contact: Contact, when: datetime) -> str:
        """Where a message to a contact went."""
        return address(contact.email, self._events[contact.contact_id], when)

    def lists(self, now: datetime) -> list[MailList]:
        """The lists that exist now, newest first."""
        found = [one for one in reversed(self._lists) if one.created_at <= now]
        return [one for one in found if one.removed_at is None or one.removed_at > now]

    def list_item(self, one: MailList, now: datetime, is_alone: bool = False) -> Item:
        """A list; among others, it says 0 for all but the contacts on it, blacklisted ones too."""
        on_it = [shown for shown in self.contacts(now) if int(one.list_id) in shown.list_ids]
        blacklisted = sum(shown.is_blacklisted for shown in on_it)
        item: Item = {
            "id": int(one.list_id),
            "name": one.name,
            "totalBlacklisted": blacklisted if is_alone else 0,
            "totalSubscribers": len(on_it) - blacklisted if is_alone else 0,
            "uniqueSubscribers": len(on_it),
            "folderId": 1,
        }
        return item | ({"createdAt": self.local(one.created_at), "dynamicList": False} if is_alone else {})


class Campaigns:
    """The campaigns of a world with what came of their messages, indexed once; an A/B test is one campaign."""

    def __init__(self, world: World, audience: Audience) -> None:
        ours = [one for one in world.mailings if one.tool == TOOL]
        self._mailings = sorted((one for one in ours if one.kind in CAMPAIGNS), key=lambda one: number(one.mailing_id))
        campaign_of = {one.mailing_id: one.parent_id or one.mailing_id for one in ours}
        self._audience = audience
        self._sends: dict[str, list[MailSend]] = defaultdict(list)
        self._opens: dict[int, list[MailOpen]] = defaultdict(list)
        self._clicks: dict[int, list[MailClick]] = defaultdict(list)
        for send in world.mail_sends:
            if send.mailing_id in campaign_of:
                self._sends[campaign_of[send.mailing_id]].append(send)
        for opened in world.mail_opens:
            self._opens[opened.send_id].append(opened)
        for clicked in world.mail_clicks:
            self._clicks[clicked.send_id].append(clicked)

    def sent(self, now: datetime) -> list[Mailing]:
        """Those sent by now, newest first."""
        return [one for one in reversed(self._mailings) if one.sent_at <= now]

    def item(self, mailing: Mailing, now: datetime, statistics: str | None, since: datetime | None = None) -> Item:
        """A campaign; the statistics are what the query names, of the events since an instant."""
        is_ab_test = mailing.kind == "ab_parent"
        stats = self._stats(mailing, now, since) if statistics == "globalStats" else {}
        return {
            "id": number(mailing.mailing_id),
            "name": f"Campagne {number(mailing.mailing_id)}",
            **({} if is_ab_test else {"subject": mailing.subject}),
            "type": "classic",
            "status": "sent",
            "testSent": False,
            "header": "",
            "footer": "[DEFAULT_FOOTER]",
            "sender": SENDER,
            "replyTo": SENDER["email"],
            "toField": "{{contact.PRENOM}}",
            "htmlContent": "",
            "tag": "",
            "abTesting": is_ab_test,
            **({"subjectA": mailing.subject, "subjectB": mailing.subject, "splitRule": 50} if is_ab_test else {}),
            "createdAt": utc(mailing.sent_at - WRITTEN_BEFORE),
            "modifiedAt": utc(mailing.sent_at),
            "scheduledAt": utc(mailing.sent_at),
            "sentDate": utc(mailing.sent_at),
            "recipients": {"lists": [int(mailing.list_id)], "exclusionLists": []},
            "statistics": {
                **{"globalStats": stats, "campaignStats": [], "mirrorClick": 0, "remaining": 0, "linksStats": {}},
                **{"statsByDomain": {}, "statsByDevice": {}, "statsByBrowser": {}},
            },
        }

    def _stats(self, mailing: Mailing, now: datetime, since: datetime | None) -> Item:
        """Unique figures are of recipients; those behind a privacy proxy are left out of the trackable ones."""
        sends = [one for one in self._sends[mailing.mailing_id] if one.happened_at <= now]
        opens: list[int] = []
        by_proxy: list[int] = []
        clicks: list[int] = []
        for send in sends:
            to = self._audience.numbers.get(send.contact_id, 0)
            for opened in _known(self._opens[send.send_id], now, since):
                (by_proxy if opened.by_proxy else opens).append(to)
            clicks += [to for _ in _known(self._clicks[send.send_id], now, since)]
        sends = [one for one in sends if not since or one.happened_at >= since]
        bounces = [one.bounce for one in sends]
        delivered, people, hidden = bounces.count(""), len(set(opens)), len(set(by_proxy))
        visible = delivered - hidden
        return {
            "uniqueClicks": len(set(clicks)),
            "clickers": len(clicks),
            "complaints": 0,
            "delivered": delivered,
            "sent": len(sends),
            "softBounces": bounces.count("soft"),
            "hardBounces": len(bounces) - delivered - bounces.count("soft"),
            "uniqueViews": len(set(opens + by_proxy)),
            "unsubscriptions": 0,
            "viewed": len(opens) + len(by_proxy),
            "trackableViews": people,
            "trackableViewsRate": round(100 * people / delivered, 2) if delivered else 0,
            "estimatedViews": round(delivered * people / visible) if visible > 0 else people,
            "appleMppOpens": len(by_proxy),
            "opensRate": round(100 * len(set(opens + by_proxy)) / delivered, 2) if delivered else 0,
            "deferred": 0,
            "returnBounce": 0,
        }


def _known(things: Iterable[Thing], now: datetime, since: datetime | None) -> list[Thing]:
    return [one for one in things if one.shown_at <= now and (not since or one.happened_at >= since)]


@dataclass(frozen=True)
class MailEvent:
    """Something that happened to an automated e-mail."""

    kind: str
    happened_at: datetime
    shown_at: datetime
    send: MailSend
    more: Item


class Activity:
    """The events of automated e-mails, indexed once; a journey's e-mails carry no tag."""

    def __init__(self, world: World, audience: Audience) -> None:
        self._audience = audience
        self._mailings = {one.mailing_id: one for one in world.mailings if one.tool == TOOL and one.kind in AUTOMATED}
        self._contacts = {one.contact_id: one for one in world.contacts if one.tool == TOOL}
        sends = {one.send_id: one for one in world.mail_sends if one.mailing_id in self._mailings}
        found: list[MailEvent] = []
        for send in sends.values():
            at, kind = send.happened_at, BOUNCES.get(send.bounce, "delivered")
            found.append(MailEvent("requests", at, at, send, {}))
            found.append(MailEvent(kind, at, at, send, {"reason": "mailbox unknown"} if send.bounce else {}))
        for opened in world.mail_opens:
            if opened.send_id in sends:
                kind = "loadedByProxy" if opened.by_proxy else "opened"
                more = {"ip": "192.0.2.7"}
                found.append(MailEvent(kind, opened.happened_at, opened.shown_at, sends[opened.send_id], more))
        for clicked in world.mail_clicks:
            if clicked.send_id in sends:
                more = {"ip": "192.0.2.7", "link": clicked.url}
                found.append(MailEvent("clicks", clicked.happened_at, clicked.shown_at, sends[clicked.send_id], more))
        self._events = sorted(found, key=lambda one: (one.happened_at, one.send.send_id, one.kind), reverse=True)

    def events(self, now: datetime, first_day: str, last_day: str, kind: str | None) -> list[MailEvent]:
        """What is known by now of these days of the account, newest first."""
        return [
            one
            for one in self._events
            if (kind is None or one.kind == kind)
            and one.shown_at <= now
            and first_day <= self._audience.local(one.happened_at)[:10] <= last_day
        ]

    def item(self, event: MailEvent) -> Item:
        """An item of /smtp/statistics/events."""
        mailing, contact = self._mailings[event.send.mailing_id], self._contacts.get(event.send.contact_id)
        return {
            "email": self._audience.address(contact, event.send.happened_at) if contact else "",
            "date": self._audience.local(event.happened_at),
            "subject": mailing.subject,
            "messageId": f"<{event.send.happened_at:%Y%m%d%H%M}.{event.send.send_id}@smtp-relay.mailin.fr>",
            "event": event.kind,
            "tag": mailing.automation_id or "",
            "from": SENDER["email"],
            "templateId": number(mailing.mailing_id),
            **event.more,
        }
