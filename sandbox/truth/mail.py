"""E-mail KPIs, as Mailchimp reports them: broadcasts by the day they were sent, automations by our captures."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime

from sandbox.events import Mailing, MailSend
from sandbox.truth.terms import ratio
from sandbox.truth.view import Answers, View, key

TOOL = "mailchimp"
BROADCASTS = ("regular", "ab_parent")


def mail_rates(view: View) -> Answers:
    """Open and click rates of the broadcasts."""
    broadcast = _broadcasts(view)
    sends = {send.send_id: send for send in view.world.mail_sends if send.happened_at <= view.now}
    days = {mailing.mailing_id: view.day_of(mailing.sent_at) for mailing in broadcast.values()}

    def people(send_ids: Iterator[int]) -> Counter[date]:
        """How many (mailing, contact) there are, by the mailing's day."""
        pairs = set()
        for send_id in send_ids:
            send = sends.get(send_id)
            if send and send.mailing_id in broadcast:
                pairs.add((broadcast[send.mailing_id].mailing_id, send.contact_id))
        return Counter(days[mailing_id] for mailing_id, _ in pairs)

    opened = people(one.send_id for one in view.world.mail_opens if one.shown_at <= view.now and not one.by_proxy)
    clicked = people(one.send_id for one in view.world.mail_clicks if one.shown_at <= view.now)  # bots too
    delivered = Counter(
        days[broadcast[send.mailing_id].mailing_id]
        for send in sends.values()
        if send.mailing_id in broadcast and not send.bounce
    )
    found: Answers = {}
    for period in view.periods:
        found[key("email_open_rate", period)] = ratio(period.total(opened), period.total(delivered))
        found[key("email_click_rate", period)] = ratio(period.total(clicked), period.total(delivered))
    return found


def _broadcasts(view: View) -> dict[str, Mailing]:
    """The broadcast that a mailing's messages count for: itself, or an A/B child's parent."""
    ours = {
        mailing.mailing_id: mailing for mailing in view.world.mailings if is_ours(view, mailing.list_id, mailing.tool)
    }
    found = {}
    for mailing in ours.values():
        counts_for = ours.get(mailing.parent_id) if mailing.kind == "ab_child" and mailing.parent_id else mailing
        if counts_for and counts_for.kind in BROADCASTS:
            found[mailing.mailing_id] = counts_for
    return found


def is_ours(view: View, list_id: str, tool: str) -> bool:
    """Whether a list of a tool is one that the business loads."""
    return tool == TOOL and (view.business.mail_lists is None or list_id in view.business.mail_lists)


def follow_up_opens(view: View) -> Answers:
    """What the lifetime counters of the follow-up automations gained from one capture to the next."""
    delivered, opened = _gains(view)
    return {
        key("followup_email_open_rate", period): ratio(period.calendar_total(opened), period.calendar_total(delivered))
        for period in view.periods
    }


def _gains(view: View) -> tuple[Counter[date], Counter[date]]:
    sends: dict[str, list[MailSend]] = defaultdict(list)
    for send in view.world.mail_sends:
        sends[send.mailing_id].append(send)
    first_open: dict[int, datetime] = {}
    for one in view.world.mail_opens:
        if not one.by_proxy:
            first_open[one.send_id] = min(one.shown_at, first_open.get(one.send_id, one.shown_at))
    delivered: Counter[date] = Counter()
    opened: Counter[date] = Counter()
    for mailing in view.world.mailings:
        if mailing.kind == "automation" and mailing.automation_id in view.business.follow_up_automations:
            at_delivery = [send.happened_at for send in sends[mailing.mailing_id] if not send.bounce]
            at_open = _first_of_each_contact(sends[mailing.mailing_id], first_open)
            _add_gains(delivered, view, mailing, at_delivery)
            _add_gains(opened, view, mailing, at_open)
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
    """The first capture that finds the step is the baseline."""
    before: int | None = None
    for day, as_of in view.captures():
        if mailing.sent_at > as_of:
            continue
        count = sum(instant <= as_of for instant in instants)
        if before is not None:
            gains[day] += count - before
        before = count
