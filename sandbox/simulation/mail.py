"""Lists, contacts, opt-ins, broadcasts, automations, opens and clicks, in three e-mail tools."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sandbox.events import (
    Automation,
    Contact,
    ContactEvent,
    MailClick,
    Mailing,
    MailList,
    MailOpen,
    MailSend,
    Order,
    Person,
)
from sandbox.simulation.mail_later import fair, late_reading, with_deletions
from sandbox.simulation.setting import Setting, at, moment

MAILCHIMP, BREVO, KLAVIYO = "mailchimp", "brevo", "klaviyo"
NEWSLETTER, CUSTOMERS, WEBINAR = "a1b2c3d4e5", "b2c3d4e5f6", "c3d4e5f6a7"
LISTS = (
    (NEWSLETTER, MAILCHIMP, "Lettre"), (CUSTOMERS, MAILCHIMP, "Clients"), (WEBINAR, MAILCHIMP, "Webinaire"),
    ("12", BREVO, "Newsletter"), ("VkLst1", KLAVIYO, "Newsletter"),
)  # fmt: skip
AUTOMATIONS = (
    ("au01", NEWSLETTER, "Bienvenue", False), ("au02", CUSTOMERS, "Suivi d'achat", True),
    ("au03", NEWSLETTER, "Relance panier", False), ("au04", NEWSLETTER, "Anniversaire", False),
    ("au05", CUSTOMERS, "Conseils après achat", True), ("au06", NEWSLETTER, "Réactivation", False),
    ("au07", NEWSLETTER, "Webinaire", False),
    ("31", "12", "Bienvenue", False), ("32", "12", "Suivi d'achat", True),
    ("VkFlw1", "VkLst1", "Bienvenue", False), ("VkFlw2", "VkLst1", "Suivi d'achat", True),
)  # fmt: skip
STEPS = 3  # e-mails of an automation
OLD_CONTACTS = 700  # subscribed before the world's first day
RECIPIENTS = 420  # at most, of one broadcast
AB_TEST_EVERY = 9  # broadcasts


@dataclass
class Mail:
    """What the e-mail tools hold."""

    lists: list[MailList] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    events: list[ContactEvent] = field(default_factory=list)
    automations: list[Automation] = field(default_factory=list)
    mailings: list[Mailing] = field(default_factory=list)
    sends: list[MailSend] = field(default_factory=list)
    opens: list[MailOpen] = field(default_factory=list)
    clicks: list[MailClick] = field(default_factory=list)
    known: dict[tuple[str, str], Contact] = field(default_factory=dict)  # (list, address) → contact
    subscribed: dict[str, list[tuple[datetime, Contact]]] = field(default_factory=lambda: defaultdict(list))


def mail(setting: Setting, people: list[Person], leads: list[tuple[int, datetime]], orders: list[Order]) -> Mail:
    """Everything the tools will ever hold, in the order in which it happens."""
    found = Mail()
    founded = at(setting.first_day - timedelta(days=600), 9)
    found.lists = [MailList(list_id, tool, name, founded) for list_id, tool, name in LISTS]
    _old_contacts(found, setting, people)
    for number, (person_id, when) in enumerate(sorted(leads, key=lambda lead: (lead[1], lead[0]))):
        _lead(found, setting.random("lead", number), people[person_id - 1], when)
    for order in orders:
        _buyer(found, setting.random("buyer", order.order_id), order)
    _broadcasts(found, setting)
    _automations(found, setting, orders)
    _later(found, setting, people, founded)
    return found


def _later(found: Mail, setting: Setting, people: list[Person], founded: datetime) -> None:
    """What comes after all else, so that it changes nothing of it."""
    found.mailings = with_deletions(setting, found.mailings)
    opens, clicks = late_reading(setting, found.sends)
    found.opens += opens
    found.clicks += clicks
    visitors = fair(setting, people, found.contacts, founded)
    found.lists.append(visitors.mail_list)
    found.contacts += visitors.contacts
    found.events += visitors.events


def _old_contacts(found: Mail, setting: Setting, people: list[Person]) -> None:
    """Who was there before: some with a dated opt-in, some imported without any, some gone."""
    random = setting.random("old contacts")
    for person in random.sample(people, min(len(people), setting.at_least(OLD_CONTACTS))):
        list_id = random.choices((NEWSLETTER, CUSTOMERS, "12", "VkLst1"), (60, 20, 12, 8))[0]
        when = moment(random, setting.first_day - timedelta(days=random.randint(5, 580)))
        contact = _contact(
            found, list_id, person, person.email, when, "imported" if random.random() < 0.2 else "subscriber"
        )
        if contact.kind == "subscriber":
            _opt_in(found, random, contact, when)


def _lead(found: Mail, random: Random, person: Person, when: datetime) -> None:
    """A form was sent: usually confirmed within minutes, sometimes never; the same person may use another spelling."""
    list_id = random.choices((NEWSLETTER, WEBINAR, "12", "VkLst1"), (62, 20, 11, 7))[0]
    email = random.choice(person.other_emails) if random.random() < 0.15 else person.email
    key = (list_id, email.strip().lower())
    if key in found.known:
        _again(found, random, found.known[key], when)
        return
    contact = _contact(found, list_id, person, email, when, "subscriber")
    found.events.append(ContactEvent(contact.contact_id, "signup", when))
    if random.random() < 0.88:
        _opt_in(found, random, contact, when + timedelta(minutes=random.choice((1, 4, 30, 600, 2000))))


def _contact(found: Mail, list_id: str, person: Person, email: str, when: datetime, kind: str) -> Contact:
    tool = _tool(list_id)
    contact = Contact(f"{tool}-{len(found.contacts) + 1}", tool, list_id, person.person_id, email, kind, when)
    found.contacts.append(contact)
    found.known[list_id, email.strip().lower()] = contact
    return contact


def _tool(list_id: str) -> str:
    return next(tool for known, tool, _ in LISTS if known == list_id)


def _opt_in(found: Mail, random: Random, contact: Contact, when: datetime) -> None:
    """Confirmed; some leave later, some of these come back, some are cleaned or archived."""
    found.events.append(ContactEvent(contact.contact_id, "confirm", when))
    found.subscribed[contact.list_id].append((when, contact))
    fate = random.random()
    later = when + timedelta(days=random.randint(2, 200), minutes=random.randint(0, 900))
    if fate < 0.12:
        found.events.append(ContactEvent(contact.contact_id, "unsubscribe", later))
        if fate < 0.05:
            back = later + timedelta(days=random.randint(3, 60))
            found.events.append(ContactEvent(contact.contact_id, "confirm", back))  # a re-opt-in
    elif fate < 0.15:
        found.events.append(ContactEvent(contact.contact_id, "clean", later))
    elif fate < 0.18:
        found.events.append(ContactEvent(contact.contact_id, "archive", later))


def _again(found: Mail, random: Random, contact: Contact, when: datetime) -> None:
    """A contact fills in a form again: only who had never confirmed may do so now."""
    confirmed = any(event.contact_id == contact.contact_id and event.kind == "confirm" for event in found.events[-400:])
    if not confirmed and contact.kind == "imported":
        _opt_in(found, random, contact, when)


def _buyer(found: Mail, random: Random, order: Order) -> None:
    """A customer who ticked the box is subscribed at that instant; one who did not is only written to."""
    if not order.email or order.is_test:
        return
    key = (CUSTOMERS, order.email.strip().lower())
    if key in found.known or random.random() < 0.3:
        return
    kind = "subscriber" if order.opted_in else "transactional"
    contact = Contact(
        f"mailchimp-{len(found.contacts) + 1}",
        MAILCHIMP,
        CUSTOMERS,
        order.person_id,
        order.email,
        kind,
        order.placed_at,
    )
    found.contacts.append(contact)
    found.known[key] = contact
    if order.opted_in:
        _opt_in(found, random, contact, order.placed_at)


def _broadcasts(found: Mail, setting: Setting) -> None:
    """Two letters a week, in one tool or another; now and then an A/B test, rarely a journey's e-mail."""
    number = 0
    for day in setting.days():
        if day.weekday() not in (1, 3):
            continue
        number += 1
        random = setting.random("broadcast", day)
        list_id = random.choices((NEWSLETTER, CUSTOMERS, WEBINAR, "12", "VkLst1"), (60, 18, 12, 6, 4))[0]
        sent_at = at(day, random.choice((9, 10, 18)), random.choice((0, 15, 30)))
        kind = "journey" if number % 37 == 5 else "regular"
        recipients = _recipients(found, random, list_id, sent_at)
        if number % AB_TEST_EVERY == 0 and list_id in (NEWSLETTER, CUSTOMERS, WEBINAR):
            _ab_test(found, random, list_id, sent_at, recipients)
        else:
            mailing = _mailing(found, list_id, kind, sent_at)
            _deliver(found, random, mailing, [(contact, sent_at) for contact in recipients])


def _recipients(found: Mail, random: Random, list_id: str, when: datetime) -> list[Contact]:
    """Who is subscribed at that moment, a sample at most."""
    subscribed = [contact for since, contact in found.subscribed[list_id] if since <= when]
    return random.sample(subscribed, min(len(subscribed), RECIPIENTS))


def _mailing(
    found: Mail, list_id: str, kind: str, sent_at: datetime, parent: str | None = None, automation: str | None = None
) -> Mailing:
    number = len(found.mailings) + 1
    mailing = Mailing(f"m{number:06d}", _tool(list_id), list_id, kind, parent, automation, f"Lettre {number}", sent_at)
    found.mailings.append(mailing)
    return mailing


def _ab_test(found: Mail, random: Random, list_id: str, sent_at: datetime, recipients: list[Contact]) -> None:
    """One parent and two children; the messages belong to the children."""
    parent = _mailing(found, list_id, "ab_parent", sent_at)
    for half in (recipients[::2], recipients[1::2]):
        child = _mailing(found, list_id, "ab_child", sent_at, parent=parent.mailing_id)
        _deliver(found, random, child, [(contact, sent_at) for contact in half])


def _automations(found: Mail, setting: Setting, orders: list[Order]) -> None:
    """Each automation's e-mails go to the newly subscribed or to buyers, some days after."""
    for automation_id, list_id, title, is_follow_up in AUTOMATIONS:
        random = setting.random("automation", automation_id)
        started = at(setting.first_day - timedelta(days=90 if automation_id != "au05" else -150), 8)
        found.automations.append(Automation(automation_id, _tool(list_id), list_id, title, is_follow_up, started))
        triggers = _triggers(found, orders, list_id, is_follow_up)
        share = 1.0 if is_follow_up else 0.25
        for step in range(STEPS):
            mailing = _mailing(found, list_id, "automation", started, automation=automation_id)
            wait = timedelta(days=1 + 3 * step, hours=random.randint(0, 5))
            receivers = [(c, when + wait) for when, c in triggers if when + wait > started and random.random() < share]
            _deliver(found, random, mailing, receivers)


def _triggers(found: Mail, orders: list[Order], list_id: str, is_follow_up: bool) -> list[tuple[datetime, Contact]]:
    if not is_follow_up:
        return found.subscribed[list_id]
    by_person = {contact.person_id: contact for contact in found.contacts if contact.list_id == list_id}
    bought = [
        (order.paid_at, by_person.get(order.person_id)) for order in orders if order.paid_at and not order.is_test
    ]
    return [(when, contact) for when, contact in bought if contact]


def _deliver(found: Mail, random: Random, mailing: Mailing, receivers: list[tuple[Contact, datetime]]) -> None:
    """Messages, bounces, opens by people and by privacy proxies, clicks by people and by bots."""
    for contact, when in receivers:
        send_id = len(found.sends) + 1
        bounce = random.choices(("", "hard", "soft", "syntax"), (965, 12, 20, 3))[0]
        found.sends.append(MailSend(send_id, mailing.mailing_id, contact.contact_id, when, bounce))
        if bounce:
            continue
        if random.random() < 0.22:
            proxy = when + timedelta(minutes=random.randint(1, 50))
            found.opens.append(MailOpen(send_id, proxy, proxy, by_proxy=True))
        if random.random() < 0.06:
            scan = when + timedelta(seconds=random.randint(2, 40))
            found.clicks.append(MailClick(send_id, scan, scan, by_bot=True, url="https://boutique.example/"))
        if random.random() < 0.31:
            _read(found, random, send_id, when)


def _read(found: Mail, random: Random, send_id: int, when: datetime) -> None:
    """A person opens, perhaps again weeks later, and perhaps clicks one or several links."""
    for _ in range(random.choices((1, 2, 3), (75, 18, 7))[0]):
        opened = when + timedelta(hours=min(24 * 25.0, random.expovariate(1 / 14)), seconds=random.randint(30, 3000))
        found.opens.append(
            MailOpen(send_id, opened, opened + timedelta(minutes=random.choice((0, 5, 60))), by_proxy=False)
        )
    if random.random() < 0.17:
        clicked = found.opens[-1].happened_at + timedelta(seconds=random.randint(4, 200))
        for url in random.sample(
            ("https://boutique.example/", "https://boutique.example/offre"), random.choice((1, 1, 2))
        ):
            found.clicks.append(MailClick(send_id, clicked, clicked, by_bot=False, url=url))
