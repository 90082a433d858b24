"""What becomes of e-mails weeks after they were sent, read late or deleted; and a list that is removed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sandbox.events import Contact, ContactEvent, MailClick, Mailing, MailList, MailOpen, MailSend, Person
from sandbox.simulation.setting import Setting, at, moment

LATE_ONE_IN = 50  # messages
# The last broadcast of a tool that was sent so many days before the end is deleted so many days before it: one that a
# usual load still asks for, and one that only a deep load does.
DELETED_BROADCASTS = (("mailchimp", 18, 10), ("mailchimp", 35, 5), ("klaviyo", 18, 10))
DELETED_STEP_OF, STEP_DELETED = "au02", 9  # its last e-mail, so many days before the end
LIST_ID, LIST_REMOVED = "d4e5f6a7b8", 12  # days before the end
VISITORS = 16


@dataclass(frozen=True)
class Fair:
    """The list of a fair's visitors, who are on no other one."""

    mail_list: MailList
    contacts: list[Contact]
    events: list[ContactEvent]


def late_reading(setting: Setting, sends: Sequence[MailSend]) -> tuple[list[MailOpen], list[MailClick]]:
    """Some open an e-mail months later; of other opens the tools learn only weeks after."""
    random = setting.random("late reading")
    got = [send for send in sends if not send.bounce]
    opens, clicks = [], []
    for send in random.sample(got, len(got) // LATE_ONE_IN):
        is_read_late = random.random() < 0.5
        opened = send.happened_at + timedelta(
            hours=random.randint(700, 2200) if is_read_late else random.randint(1, 90)
        )
        shown = opened + timedelta(minutes=5 if is_read_late else random.randint(20_000, 60_000))
        opens.append(MailOpen(send.send_id, opened, shown, by_proxy=False))
        if random.random() < 0.3:
            clicked = timedelta(seconds=random.randint(4, 200))
            url = "https://boutique.example/offre"
            clicks.append(MailClick(send.send_id, opened + clicked, shown + clicked, by_bot=False, url=url))
    return opens, clicks


def with_deletions(setting: Setting, mailings: Sequence[Mailing]) -> list[Mailing]:
    """The same mailings, of which a few are deleted at the tool."""
    deleted: dict[str, datetime] = {}
    for tool, sent, removed in DELETED_BROADCASTS:
        before = _before_the_end(setting, sent)
        ours = [one for one in mailings if one.tool == tool and one.kind == "regular" and one.sent_at < before]
        deleted |= {one.mailing_id: _before_the_end(setting, removed) for one in ours[-1:]}
    steps = [one for one in mailings if one.automation_id == DELETED_STEP_OF]
    deleted |= {one.mailing_id: _before_the_end(setting, STEP_DELETED) for one in steps[-1:]}
    return [replace(one, deleted_at=deleted.get(one.mailing_id)) for one in mailings]


def fair(setting: Setting, people: Sequence[Person], contacts: Sequence[Contact], founded: datetime) -> Fair:
    """Visitors who opted in on a list of their own during its last weeks."""
    random = setting.random("fair")
    removed_at = _before_the_end(setting, LIST_REMOVED)
    known = {one.person_id for one in contacts}
    others = [one for one in people if one.person_id not in known]
    visitors = random.sample(others, min(len(others), setting.at_least(VISITORS)))
    days = [setting.last_day - timedelta(days=LIST_REMOVED + random.randint(1, 40)) for _ in visitors]
    found = Fair(MailList(LIST_ID, "mailchimp", "Salon", founded, removed_at), [], [])
    for number, (person, day) in enumerate(zip(visitors, days, strict=True), start=len(contacts) + 1):
        contact_id, when = f"mailchimp-{number}", moment(random, day)
        found.contacts.append(
            Contact(contact_id, "mailchimp", LIST_ID, person.person_id, person.email, "subscriber", when)
        )
        found.events.append(ContactEvent(contact_id, "confirm", when))
    return found


def _before_the_end(setting: Setting, days: int) -> datetime:
    return at(setting.last_day - timedelta(days=days), 11)
