"""What Mailchimp shows at an instant: campaigns, classic automations and their reports."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.events import Automation, MailClick, Mailing, MailOpen, MailSend, World

Item = dict[str, Any]

TOOL = "mailchimp"
# A journey's e-mails come with a type that the vendor does not document.
TYPES = {
    "regular": "regular",
    "ab_parent": "variate",
    "ab_child": "variate",
    "journey": "journey-email",
    "automation": "automation",
}
WRITTEN_BEFORE = timedelta(days=1)  # a campaign is created a day before it is sent


def instant(moment: datetime | None) -> str:
    """A time as Mailchimp writes it; '' where there is none."""
    return moment.isoformat(timespec="seconds") if moment else ""


def is_there(since: datetime, until: datetime | None, now: datetime) -> bool:
    """Whether what began and perhaps ended is there now."""
    return since <= now and (until is None or until > now)


def rate(part: float, whole: int) -> float:
    """A fraction of 0..1."""
    return part / whole if whole else 0.0


@dataclass
class Result:
    """What a mailing's messages have led to by an instant."""

    sends: list[MailSend]
    opens: list[tuple[str, MailOpen]]  # with the member who got the message
    clicks: list[tuple[str, MailClick]]

    @property
    def delivered(self) -> int:
        """Messages that did not bounce."""
        return sum(1 for send in self.sends if not send.bounce)

    def opens_part(self) -> Item:
        """The `opens` of a report; a privacy proxy's fetch is an open like any other, and left out beside it."""
        people = [(member, found) for member, found in self.opens if not found.by_proxy]
        unique, unique_people = len({member for member, _ in self.opens}), len({member for member, _ in people})
        return {
            "opens_total": len(self.opens),
            "unique_opens": unique,
            "open_rate": rate(unique, self.delivered),
            "proxy_excluded_opens": len(people),
            "proxy_excluded_unique_opens": unique_people,
            "proxy_excluded_open_rate": rate(unique_people, self.delivered),
            "last_open": instant(max((found.happened_at for _, found in self.opens), default=None)),
        }

    def clicks_part(self) -> Item:
        """The `clicks` of a report: unique ones per link, unique members over all links; bots count as members."""
        members = len({member for member, _ in self.clicks})
        return {
            "clicks_total": len(self.clicks),
            "unique_clicks": len({(member, found.url) for member, found in self.clicks}),
            "unique_subscriber_clicks": members,
            "click_rate": rate(members, self.delivered),
            "last_click": instant(max((found.happened_at for _, found in self.clicks), default=None)),
        }


class Mailings:
    """The mailings of a world with their messages, indexed once."""

    def __init__(self, world: World) -> None:
        self.by_id = {mailing.mailing_id: mailing for mailing in world.mailings if mailing.tool == TOOL}
        self.automations = {one.automation_id: one for one in world.automations if one.tool == TOOL}
        self._list_names = {one.list_id: one.name for one in world.mail_lists}
        self._removed = {one.list_id: one.removed_at for one in world.mail_lists}
        self._sends: dict[str, list[MailSend]] = defaultdict(list)
        self._opens: dict[int, list[MailOpen]] = defaultdict(list)
        self._clicks: dict[int, list[MailClick]] = defaultdict(list)
        self._children: dict[str, list[str]] = defaultdict(list)
        # Several contacts of one address on a list are one member.
        self._members = {one.contact_id: f"{one.list_id} {one.email.strip().lower()}" for one in world.contacts}
        for send in world.mail_sends:
            if send.mailing_id in self.by_id:
                self._sends[send.mailing_id].append(send)
        for opened in world.mail_opens:
            self._opens[opened.send_id].append(opened)
        for clicked in world.mail_clicks:
            self._clicks[clicked.send_id].append(clicked)
        for mailing in self.by_id.values():
            if mailing.parent_id:
                self._children[mailing.parent_id].append(mailing.mailing_id)

    def existing(self, now: datetime) -> list[Mailing]:
        """What was sent by now and not deleted since, with its report, in the order of sending."""
        found = [one for one in self.by_id.values() if is_there(one.sent_at, one.deleted_at, now)]
        return sorted(found, key=lambda one: (one.sent_at, one.mailing_id))

    def sent(self, now: datetime) -> list[Mailing]:
        """Broadcasts; an automation's e-mails are no campaigns."""
        return [one for one in self.existing(now) if one.kind != "automation"]

    def started(self, now: datetime) -> list[Automation]:
        """Automations started by now."""
        found = [one for one in self.automations.values() if one.started_at <= now]
        return sorted(found, key=lambda one: (one.started_at, one.automation_id))

    def steps(self, automation_id: str, now: datetime) -> list[Mailing]:
        """The e-mails of an automation that exist by now."""
        return [one for one in self.existing(now) if one.automation_id == automation_id]

    def result(self, mailings: Iterable[Mailing], now: datetime) -> Result:
        """What came of these mailings by now; an A/B test's parent stands for its children."""
        ids = [one for mailing in mailings for one in (mailing.mailing_id, *self._children.get(mailing.mailing_id, ()))]
        sends = [send for one in ids for send in self._sends.get(one, ()) if send.happened_at <= now]
        opens, clicks = [], []
        for send in sends:
            member = self._members.get(send.contact_id, send.contact_id)
            opens += [(member, found) for found in self._opens.get(send.send_id, ()) if found.shown_at <= now]
            clicks += [(member, found) for found in self._clicks.get(send.send_id, ()) if found.shown_at <= now]
        return Result(sends, opens, clicks)

    def report(self, mailing: Mailing, now: datetime) -> Item:
        """An item of /reports: lifetime counters as of now."""
        result = self.result([mailing], now)
        bounces = [send.bounce for send in result.sends]
        return {
            "id": mailing.mailing_id,
            "campaign_title": mailing.subject,
            "type": TYPES[mailing.kind],
            "list_id": mailing.list_id,
            "list_is_active": self._is_active(mailing.list_id, now),
            "list_name": self._list_names.get(mailing.list_id, ""),
            "subject_line": mailing.subject,
            "emails_sent": len(result.sends),
            "abuse_reports": 0,
            "send_time": instant(mailing.sent_at),
            "rss_last_send": "",
            "bounces": {
                "hard_bounces": bounces.count("hard"),
                "soft_bounces": bounces.count("soft"),
                "syntax_errors": bounces.count("syntax"),
            },
            "opens": result.opens_part(),
            "clicks": result.clicks_part(),
        }

    def campaign(self, mailing: Mailing, now: datetime) -> Item:
        """An item of /campaigns; only the child of another names its parent."""
        return {
            "id": mailing.mailing_id,
            **({"parent_campaign_id": mailing.parent_id} if mailing.parent_id else {}),
            "type": TYPES[mailing.kind],
            "create_time": instant(mailing.sent_at - WRITTEN_BEFORE),
            "status": "sent",
            "emails_sent": self.emails_sent([mailing], now),
            "send_time": instant(mailing.sent_at),
            "content_type": "template",
            "recipients": self._recipients(mailing.list_id, now),
            "settings": {"subject_line": mailing.subject, "from_name": "La boutique"},
        }

    def automation(self, automation: Automation, now: datetime) -> Item:
        """An item of /automations; its figure is the sum of its e-mails'."""
        steps = self.steps(automation.automation_id, now)
        return {
            "id": automation.automation_id,
            "create_time": instant(automation.started_at),
            "start_time": instant(automation.started_at),
            "status": "sending",
            "emails_sent": self.emails_sent(steps, now),
            "recipients": self._recipients(automation.list_id, now),
            "settings": {"title": automation.title, "from_name": "La boutique"},
            "trigger_settings": {"workflow_type": "emailSeries", "workflow_emails_count": len(steps)},
        }

    def step(self, mailing: Mailing, position: int, now: datetime) -> Item:
        """An item of /automations/{workflow_id}/emails."""
        return {
            "id": mailing.mailing_id,
            "workflow_id": mailing.automation_id,
            "position": position,
            "create_time": instant(mailing.sent_at),
            "start_time": instant(mailing.sent_at),
            "send_time": "",
            "status": "sending",
            "emails_sent": self.emails_sent([mailing], now),
            "recipients": self._recipients(mailing.list_id, now),
            "settings": {"subject_line": mailing.subject, "from_name": "La boutique"},
        }

    def rates_of_list(self, list_id: str, now: datetime) -> Item:
        """What the stats of a list say of its campaigns; in percent, unlike the rates of a report."""
        sent = [mailing for mailing in self.sent(now) if mailing.list_id == list_id]
        results = [self.result([mailing], now) for mailing in sent]
        return {
            "campaign_count": len(sent),
            "campaign_last_sent": instant(max((mailing.sent_at for mailing in sent), default=None)),
            "open_rate": 100 * rate(sum(one.opens_part()["open_rate"] for one in results), len(results)),
            "click_rate": 100 * rate(sum(one.clicks_part()["click_rate"] for one in results), len(results)),
        }

    def emails_sent(self, mailings: Iterable[Mailing], now: datetime) -> int:
        """How many messages of these mailings have left by now, bounced ones too."""
        return len(self.result(mailings, now).sends)

    def _recipients(self, list_id: str, now: datetime) -> Item:
        name, is_active = self._list_names.get(list_id, ""), self._is_active(list_id, now)
        return {"list_id": list_id, "list_is_active": is_active, "list_name": name}

    def _is_active(self, list_id: str, now: datetime) -> bool:
        """A removed list leaves the campaigns that went to it, with their reports."""
        removed_at = self._removed.get(list_id)
        return removed_at is None or removed_at > now
