"""Visits and their hits on two properties, and the leads and checkouts that come out of them."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sandbox.events import AudienceMember, Hit, Person, Product, Property, Visit
from sandbox.simulation.setting import Setting, at, moment

SHOP = Property("111111111", "Boutique", "Europe/Paris", "EUR", is_primary=True)
BLOG = Property("222222222", "Blog", "America/New_York", "USD", is_primary=False)
VISITS_PER_DAY = {SHOP.property_id: 115, BLOG.property_id: 26}
CAPTURE_PAGES = ("/guide-gratuit", "/webinaire")
AUDIENCE = ("5001", "Visiteurs récents")
COUNTRY_NAMES = {"FR": "France", "BE": "Belgium", "CH": "Switzerland", "US": "United States", "JP": "Japan"}

# source, medium, campaign, Google Ads campaign id, weight
CHANNELS = (
    ("google", "organic", "(organic)", "", 26),
    ("google", "cpc", "marque", "7001", 9),
    ("google", "cpc", "generique", "7002", 7),
    ("www.google.fr", "referral", "(referral)", "", 2),
    ("com.google.android.googlequicksearchbox", "referral", "(referral)", "", 2),
    ("mail.google.com", "referral", "(referral)", "", 1),
    ("facebook", "cpc", "fb-prospection", "", 8),
    ("m.facebook.com", "referral", "(referral)", "", 4),
    ("l.facebook.com", "referral", "(referral)", "", 3),
    ("fb", "paid", "fb-retargeting", "", 2),
    ("newsletter", "email", "lettre", "", 8),
    ("(direct)", "(none)", "(direct)", "", 22),
    ("annuaire.example", "referral", "(referral)", "", 4),
    ("bing", "organic", "(organic)", "", 2),
)
DIRECT = ("(direct)", "(none)", "(direct)", "")
WITHOUT_CONSENT = 0.12
PAGES = ("/", "/boutique", "/boutique/soins", "/boutique/coffrets", "/a-propos", "/blog/conseils")


@dataclass(frozen=True)
class Checkout:
    """A purchase made on the site: what the shop turns into an order."""

    person_id: int
    at: datetime
    items: tuple[tuple[Product, int], ...]
    transaction_id: str


@dataclass
class Web:
    """What happened on the sites."""

    visits: list[Visit] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    audience: list[AudienceMember] = field(default_factory=list)
    leads: list[tuple[int, datetime]] = field(default_factory=list)
    checkouts: list[Checkout] = field(default_factory=list)


def web(setting: Setting, people: list[Person], products: list[Product]) -> Web:
    """Every visit of every day, on both properties."""
    found = Web()
    remembered: dict[str, tuple[str, str, str, str]] = {}  # cookie → its last click that was not direct
    for site in (SHOP, BLOG):
        for day in setting.days():
            random = setting.random("web", site.property_id, day)
            for number in range(setting.count(random, day, VISITS_PER_DAY[site.property_id])):
                starts = moment(random, day, ZoneInfo(site.time_zone))
                if number == 0 and day.day % 5 == 0:
                    starts = at(day, 23, 57, ZoneInfo(site.time_zone))  # a session over midnight
                _visit(found, random, site, starts, people, products, remembered)
    found.hits.sort(key=lambda hit: (hit.happened_at, hit.hit_id))
    return found


def _visit(
    found: Web, random: Random, site: Property, starts: datetime, people: list[Person], products: list[Product],
    remembered: dict[str, tuple[str, str, str, str]],
) -> None:  # fmt: skip
    person = people[int(len(people) * random.random() ** 2.2)]  # some come often, most once
    device = random.choices(("desktop", "mobile", "tablet"), (45, 50, 5))[0]
    cookie = f"{site.property_id}.{person.person_id}.{device}"  # one cookie per device: two cookies, one person
    click = CHANNELS[random.choices(range(len(CHANNELS)), [channel[-1] for channel in CHANNELS])[0]][:4]
    reported = remembered.get(cookie, DIRECT) if click == DIRECT else click
    remembered[cookie] = reported
    lands_on_capture = site is SHOP and random.random() < 0.16
    landing = random.choice(CAPTURE_PAGES) if lands_on_capture else random.choice(PAGES)
    engaged = random.random() < 0.58
    visit = Visit(
        visit_id=len(found.visits) + 1, property_id=site.property_id, cookie_id=cookie, person_id=person.person_id,
        started_at=starts, source=click[0], medium=click[1], campaign=click[2], reported_source=reported[0],
        reported_medium=reported[1], reported_campaign=reported[2], google_ads_campaign_id=reported[3],
        landing_page="(not set)" if random.random() < 0.015 else landing, device=device,
        country=COUNTRY_NAMES[person.country], is_engaged=engaged,
    )  # fmt: skip
    consented = random.random() >= WITHOUT_CONSENT
    journey = _Journey(found, random, visit, starts, consented)
    journey.hit("page_view", landing)
    if engaged:
        _engage(journey, site, landing, person, products)
    if consented:
        found.visits.append(visit)
        if site is SHOP and random.random() < 0.25:
            found.audience.append(AudienceMember(site.property_id, *AUDIENCE, cookie, starts, None))


def _engage(journey: "_Journey", site: Property, landing: str, person: Person, products: list[Product]) -> None:
    """An engaged visit: reads on, perhaps leaves an address, perhaps shops."""
    random = journey.random
    journey.hit("user_engagement", landing, seconds=random.randint(10, 240))
    for _ in range(random.randint(0, 3)):
        journey.hit("page_view", random.choice(PAGES), seconds=random.randint(3, 90))
    if random.random() < (0.34 if landing in CAPTURE_PAGES else 0.015):
        journey.hit("generate_lead", random.choice(CAPTURE_PAGES))
        journey.found.leads.append((person.person_id, journey.now))
    if random.random() < 0.01:
        journey.hit("scroll", landing, in_session=False)  # an event that lost its session
    if site is SHOP and random.random() < 0.36:
        _shop(journey, person, products)


def _shop(journey: "_Journey", person: Person, products: list[Product]) -> None:
    """Views, perhaps a cart, perhaps a purchase; an express purchase skips the cart."""
    random = journey.random
    items = [(random.choice(products), random.choices((1, 2, 3), (80, 15, 5))[0]) for _ in range(random.randint(1, 3))]
    items = list({product.product_id: (product, quantity) for product, quantity in items}.values())
    for product, _ in items:
        journey.hit("view_item", "/produit", item=product)
    express = random.random() < 0.012
    if not express and random.random() > 0.38:
        return
    if not express:
        for product, quantity in items:
            journey.hit("add_to_cart", "/panier", item=product, quantity=quantity)
        if random.random() > 0.42:
            return
        journey.hit("begin_checkout", "/commande")
        if random.random() > 0.62:
            return
    number = f"T{len(journey.found.checkouts) + 1:06d}"
    for product, quantity in items:
        journey.hit("purchase", "/merci", item=product, quantity=quantity, transaction_id=number)
    journey.found.checkouts.append(Checkout(person.person_id, journey.now, tuple(items), number))


class _Journey:
    """One visit as it goes on: every hit comes some seconds after the one before."""

    def __init__(self, found: Web, random: Random, visit: Visit, starts: datetime, consented: bool) -> None:
        self.found = found
        self.random = random
        self.visit = visit
        self.now = starts
        self.consented = consented

    def hit(
        self, name: str, page: str, seconds: int = 0, item: Product | None = None, quantity: int = 1,
        transaction_id: str = "", in_session: bool = True,
    ) -> None:  # fmt: skip
        """Record one event; without consent it carries neither cookie nor session."""
        self.now += timedelta(seconds=seconds or self.random.randint(2, 40))
        delay = timedelta(hours=self.random.choices((2, 5, 26, 44), (70, 22, 6, 2))[0])
        record = Hit(
            hit_id=len(self.found.hits) + 1, property_id=self.visit.property_id, visit_id=self.visit.visit_id,
            cookie_id=self.visit.cookie_id, name=name, happened_at=self.now, shown_at=self.now + delay, page=page,
            engagement_seconds=seconds, item_id=item.product_id if item else "", item_name=item.name if item else "",
            quantity=quantity if item else 0, value=item.price * quantity if item else 0, transaction_id=transaction_id,
        )  # fmt: skip
        if not self.consented:
            record = replace(record, visit_id=None, cookie_id=None)
        elif not in_session:
            record = replace(record, visit_id=None)
        self.found.hits.append(record)
