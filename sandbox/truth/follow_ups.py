"""Opens of the follow-up automations' e-mails: by message where the tool tells them apart, else by our captures."""

from collections import Counter, defaultdict
from datetime import date, datetime

from sandbox.events import Mailing, MailSend
from sandbox.truth.terms import ratio
from sandbox.truth.view import Answers, View, exists, key

LIFETIME_COUNTERS = ("mailchimp",)  # a classic automation's report says neither when it sent nor when it was opened
OPENS_NAME_NO_DELIVERY = ("klaviyo",)  # who gets an e-mail twice is taken to open the last one that had come by then


def follow_up_opens(view: View) -> Answers:
    """Messages opened over messages delivered, of all tools together."""
    sends = _sends_of_follow_ups(view)
    captured = _gains(view, {one: sent for one, sent in sends.items() if one.tool in LIFETIME_COUNTERS})
    dated = _messages(view, {one: sent for one, sent in sends.items() if one.tool not in LIFETIME_COUNTERS})
    found: Answers = {}
    for period in view.periods:
        delivered = period.calendar_total(captured[0]) + period.total(dated[0])
        opened = period.calendar_total(captured[1]) + period.total(dated[1])
        found[key("followup_email_open_rate", period)] = ratio(opened, delivered)
    return found


def _sends_of_follow_ups(view: View) -> dict[Mailing, list[MailSend]]:
    sends: dict[str, list[MailSend]] = defaultdict(list)
    for send in view.world.mail_sends:
        if not send.bounce:
            sends[send.mailing_id].append(send)
    business = view.business
    return {
        one: sends[one.mailing_id]
        for one in view.world.mailings
        if one.kind == "automation"
        and one.automation_id in business.follow_up_automations
        and one.tool in business.mail_tools
    }


def _first_opens(view: View) -> dict[int, datetime]:
    """When each message is first shown as opened by a person."""
    found: dict[int, datetime] = {}
    for one in view.world.mail_opens:
        if not one.by_proxy:
            found[one.send_id] = min(one.shown_at, found.get(one.send_id, one.shown_at))
    return found


def _messages(view: View, sends: dict[Mailing, list[MailSend]]) -> tuple[Counter[date], Counter[date]]:
    """Messages delivered, and those of them opened by now, by the day that they were sent."""
    opened_ids = _opened_messages(view, sends)
    delivered: Counter[date] = Counter()
    opened: Counter[date] = Counter()
    for send in (send for sent in sends.values() for send in sent if send.happened_at <= view.now):
        day = view.day_of(send.happened_at)
        delivered[day] += 1
        opened[day] += send.send_id in opened_ids
    return delivered, opened


def _opened_messages(view: View, sends: dict[Mailing, list[MailSend]]) -> set[int]:
    """The messages that the tools show as opened by a person."""
    tool = {mailing.mailing_id: mailing.tool for mailing in sends}
    by_id = {send.send_id: send for sent in sends.values() for send in sent}
    received: dict[tuple[str, str], list[MailSend]] = defaultdict(list)
    for send in sorted(by_id.values(), key=lambda send: send.happened_at):
        received[send.mailing_id, send.contact_id].append(send)
    found = set()
    for one in view.world.mail_opens:
        if one.send_id in by_id and not one.by_proxy and one.shown_at <= view.now:
            send = by_id[one.send_id]
            if tool[send.mailing_id] in OPENS_NAME_NO_DELIVERY:
                same = received[send.mailing_id, send.contact_id]
                send = [other for other in same if other.happened_at <= one.happened_at][-1]
            found.add(send.send_id)
    return found


def _gains(view: View, sends: dict[Mailing, list[MailSend]]) -> tuple[Counter[date], Counter[date]]:
    """What the lifetime counters of each step gained from one capture to the next."""
    first_open = _first_opens(view)
    delivered: Counter[date] = Counter()
    opened: Counter[date] = Counter()
    for mailing, sent in sends.items():
        _add_gains(delivered, view, mailing, [send.happened_at for send in sent])
        _add_gains(opened, view, mailing, _first_of_each_contact(sent, first_open))
    return delivered, opened


def _first_of_each_contact(sends: list[MailSend], first_open: dict[int, datetime]) -> list[datetime]:
    """When each recipient first opened: who gets a step twice counts once in the vendor's unique opens."""
    found: dict[str, datetime] = {}
    for send in sends:
        if send.send_id in first_open:
            opened = first_open[send.send_id]
            found[send.contact_id] = min(opened, found.get(send.contact_id, opened))
    return list(found.values())


def _add_gains(gains: Counter[date], view: View, mailing: Mailing, instants: list[datetime]) -> None:
    """The first capture that finds the step is the baseline; once it is deleted, none finds it."""
    before: int | None = None
    for day, as_of in view.captures():
        if not exists(mailing.sent_at, mailing.deleted_at, as_of):
            continue
        count = sum(instant <= as_of for instant in instants)
        if before is not None:
            gains[day] += count - before
        before = count
