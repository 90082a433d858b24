"""The people of the world, and the ways each of them spells an e-mail address."""

from random import Random

from sandbox.events import Person
from sandbox.simulation.setting import Setting

FIRST_NAMES = ("Anaïs", "Bruno", "Chloé", "Driss", "Elena", "Farid", "Gaëlle", "Hugo", "Inès", "Jules", "Karim", "Léa")
LAST_NAMES = ("Moreau", "Petit", "Garnier", "Rousseau", "Blanc", "Faure", "Mercier", "Lambert", "Bonnet", "François")
DOMAINS = ("gmail.com", "googlemail.com", "mail.example", "boite.example", "bücher.example", "corp.example")
COUNTRIES = {"FR": 70, "BE": 10, "CH": 6, "US": 8, "JP": 6}  # and how many of a hundred people
PEOPLE = 6_000


def people(setting: Setting) -> list[Person]:
    """Everybody who will ever visit, write or buy."""
    random = setting.random("people")
    return [_person(random, number) for number in range(1, setting.at_least(PEOPLE) + 1)]


def _person(random: Random, number: int) -> Person:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    domain = random.choices(DOMAINS, (40, 4, 25, 20, 1, 10))[0]
    local = f"{first}.{last}.{number}".lower()
    email = f"{local}@{domain}"
    return Person(
        person_id=number,
        email=email,
        other_emails=_spellings(random, local, domain),
        first_name=first,
        last_name=last,
        phone=f"+3361{number:07d}",
        street=f"{number} rue des Essais",
        country=random.choices(list(COUNTRIES), list(COUNTRIES.values()))[0],
    )


def _spellings(random: Random, local: str, domain: str) -> tuple[str, ...]:
    """The same mailbox typed otherwise, and for a few people a second mailbox."""
    typed = [f" {local.upper()}@{domain}"]
    if domain in ("gmail.com", "googlemail.com"):
        typed += [f"{local.replace('.', '')}@gmail.com", f"{local}+promo@{domain}"]
    if random.random() < 0.05:
        typed.append(f"{local}.perso@boite.example")
    return tuple(typed)
