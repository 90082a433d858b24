"""Broadcasts: the people who got, opened and clicked them, as each e-mail tool reports them, by the day of sending."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sandbox.events import Mailing
from sandbox.truth.terms import ratio
from sandbox.truth.view import Answers, View, key

BROADCASTS = ("regular", "ab_parent")
TELLS_BOTS_APART = ("klaviyo",)
COUNTS_RECIPIENTS = ("klaviyo",)  # its events have no total: whoever got a broadcast twice is one recipient
Recipient = tuple[str, str]  # of a broadcast: (mailing, contact)


@dataclass
class Reach:
    """What came of the broadcasts of a tool, by the day that they were sent."""

    delivered: Counter[date] = field(default_factory=Counter)
    opened: Counter[date] = field(default_factory=Counter)
    clicked: Counter[date] = field(default_factory=Counter)


def mail_rates(view: View) -> Answers:
    """Open and click rates of the broadcasts, over all tools together."""
    reach = list(reach_by_tool(view).values())
    found: Answers = {}
    for period in view.periods:
        delivered = sum(period.total(one.delivered) for one in reach)
        found[key("email_open_rate", period)] = ratio(sum(period.total(one.opened) for one in reach), delivered)
        found[key("email_click_rate", period)] = ratio(sum(period.total(one.clicked) for one in reach), delivered)
    return found


def reach_by_tool(view: View) -> dict[str, Reach]:
    """Per tool, who got, opened and clicked; a person counts once per broadcast."""
    broadcast = _broadcasts(view)
    sends = {one.send_id: one for one in view.world.mail_sends if one.happened_at <= view.now}
    recipient = {
        send.send_id: (broadcast[send.mailing_id].mailing_id, send.contact_id)
        for send in sends.values()
        if send.mailing_id in broadcast
    }
    tool = {mailing.mailing_id: mailing.tool for mailing in broadcast.values()}
    day = {mailing.mailing_id: view.day_of(mailing.sent_at) for mailing in broadcast.values()}
    found: dict[str, Reach] = defaultdict(Reach)

    def tally(counted: str, recipients: Iterable[Recipient]) -> None:
        for mailing_id, _ in recipients:
            getattr(found[tool[mailing_id]], counted)[day[mailing_id]] += 1

    got = [recipient[send_id] for send_id in recipient if not sends[send_id].bounce]
    tally("delivered", (one for one in got if tool[one[0]] not in COUNTS_RECIPIENTS))
    tally("delivered", {one for one in got if tool[one[0]] in COUNTS_RECIPIENTS})
    opens = (one.send_id for one in view.world.mail_opens if one.shown_at <= view.now and not one.by_proxy)
    tally("opened", {recipient[send_id] for send_id in opens if send_id in recipient})
    clicks = [one for one in view.world.mail_clicks if one.shown_at <= view.now and one.send_id in recipient]
    by_whom = ((recipient[one.send_id], one.by_bot) for one in clicks)
    tally("clicked", {one for one, by_bot in by_whom if not (by_bot and tool[one[0]] in TELLS_BOTS_APART)})
    return found


def _broadcasts(view: View) -> dict[str, Mailing]:
    """The broadcast that a mailing's messages count for, unless deleted: itself, or an A/B child's parent."""
    ours = {
        one.mailing_id: one
        for one in view.world.mailings
        if is_ours(view, one.list_id, one.tool) and view.exists(one.sent_at, one.deleted_at)
    }
    found = {}
    for mailing in ours.values():
        counts_for = ours.get(mailing.parent_id) if mailing.kind == "ab_child" and mailing.parent_id else mailing
        if counts_for and counts_for.kind in BROADCASTS:
            found[mailing.mailing_id] = counts_for
    return found


def is_ours(view: View, list_id: str, tool: str) -> bool:
    """Whether a list of a tool is one that the business loads."""
    lists = view.business.mail_lists
    return tool in view.business.mail_tools and (lists is None or list_id in lists)
