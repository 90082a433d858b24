"""Two shops: products, customers, orders with their lines, refunds; and the ECB's rates."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from sandbox.events import Customer, Order, OrderLine, Person, Product, Rate, Refund, Shop
from sandbox.simulation.setting import Setting, at, moment
from sandbox.simulation.web import Checkout

BOUTIQUE = Shop("boutique", "Boutique", tax_included=True)
INTERNATIONAL = Shop("international", "International", tax_included=False)
TAX = Decimal("0.20")
OFFLINE_PER_DAY = 1.1  # orders by phone and on markets: no visit, no transaction id
FIRST_RATES = {"USD": "1.0850", "JPY": "162.40", "GBP": "0.8450", "CHF": "0.9520"}
IN_CURRENCY = {"EUR": Decimal(1), "USD": Decimal("1.1"), "JPY": Decimal("1.6")}  # list prices; yen have no cents
BASE_PRODUCT, UPSELL_PRODUCT = "P-001", "P-010"


def products() -> list[Product]:
    """The catalogue: some costs are unknown, one product is a gift card."""
    names = (
        "Savon", "Baume", "Huile", "Crème", "Sérum", "Gommage", "Masque", "Bougie", "Coffret découverte",
        "Coffret complet", "Atelier", "Recharge",
    )  # fmt: skip
    prices = (790, 1450, 2290, 3190, 4590, 1990, 1790, 2490, 3900, 8900, 6500, 990)
    found = [
        Product(f"P-{n:03d}", name, "product", price, None if n % 5 == 0 else price * 2 // 5)
        for n, (name, price) in enumerate(zip(names, prices, strict=True), start=1)
    ]
    return [*found, Product("P-100", "Carte cadeau", "gift_card", 5000, None)]


@dataclass
class Sales:
    """What the shops hold."""

    customers: dict[tuple[str, int], Customer] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    lines: list[OrderLine] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)


def sales(setting: Setting, people: list[Person], catalogue: list[Product], checkouts: list[Checkout]) -> Sales:
    """An order for every checkout of the site, and those that came otherwise."""
    found = Sales()
    for checkout in sorted(
        [*checkouts, *_offline(setting, people, catalogue)], key=lambda one: (one.at, one.person_id)
    ):
        _order(found, setting.random("order", checkout.transaction_id, checkout.at), people, checkout)
    return found


def _offline(setting: Setting, people: list[Person], catalogue: list[Product]) -> list[Checkout]:
    found = []
    for day in setting.days():
        random = setting.random("offline", day)
        for _ in range(setting.count(random, day, OFFLINE_PER_DAY)):
            person = people[int(len(people) * random.random() ** 3)]
            items = ((random.choice(catalogue), random.choice((1, 1, 1, 2, 4))),)
            found.append(Checkout(person.person_id, moment(random, day, first_hour=9, last_hour=20), items, ""))
    return found


def _order(found: Sales, random: Random, people: list[Person], checkout: Checkout) -> None:
    person = people[checkout.person_id - 1]
    shop = INTERNATIONAL if person.country in ("US", "JP") else BOUTIQUE
    currency = {"US": "USD", "JP": "JPY"}.get(person.country, "EUR")
    order_id = f"{shop.shop_id[0].upper()}{10_000 + len(found.orders)}"
    customer = None if random.random() < 0.18 else _customer(found, random, shop, person, checkout.at)
    fate = random.random()
    paid_at = None if fate < 0.04 else checkout.at + timedelta(minutes=random.choice((0, 1, 2, 90, 1500)))
    shipping = 0 if random.random() < 0.4 else _in_currency(590, currency)
    tax_known = random.random() > 0.02
    free = random.random() < 0.01
    found.orders.append(
        Order(
            order_id=order_id, shop_id=shop.shop_id, customer_id=customer.customer_id if customer else None,
            person_id=person.person_id, email=_email(random, person, customer), placed_at=checkout.at,
            paid_at=paid_at, currency=currency, is_tax_known=tax_known, shipping=shipping,
            shipping_tax=_tax(shop, shipping), tip=_in_currency(200, currency) if random.random() < 0.03 else 0,
            fee=_in_currency(150, currency) if random.random() < 0.05 else 0, is_test=random.random() < 0.012,
            voided_at=checkout.at + timedelta(hours=1) if fate < 0.012 else None,
            cancelled_at=checkout.at + timedelta(days=2) if 0.04 < fate < 0.06 else None,
            opted_in=random.random() < 0.15, transaction_id=checkout.transaction_id,
        )
    )  # fmt: skip
    for number, (product, quantity) in enumerate(checkout.items, start=1):
        price = _in_currency(product.price, currency)
        discount = price * quantity if free else price * quantity // 10 if random.random() < 0.2 else 0
        tax = 0 if product.kind == "gift_card" else _tax(shop, price * quantity - discount)
        line = OrderLine(order_id, f"{order_id}-{number}", product.product_id, quantity, price, discount, tax)
        found.lines.append(line)
        if paid_at and random.random() < 0.05:
            _refund(found, random, shop, line, paid_at)


def _customer(found: Sales, random: Random, shop: Shop, person: Person, now: datetime) -> Customer:
    """The account of a person in a shop, made at the first order or some days before it."""
    key = (shop.shop_id, person.person_id)
    if key not in found.customers:
        created = now - timedelta(days=random.choice((0, 0, 0, 3, 12)))
        customer_id = f"C{shop.shop_id[0]}{person.person_id}"
        found.customers[key] = Customer(customer_id, shop.shop_id, person.person_id, person.email, created)
    return found.customers[key]


def _email(random: Random, person: Person, customer: Customer | None) -> str:
    """Customers leave one of their spellings, most guests too."""
    if customer is None and random.random() < 0.25:
        return ""
    return random.choice((person.email, person.email, *person.other_emails))


def _in_currency(cents: int, currency: str) -> int:
    """A list price in minor units of the currency: whole yen, cents otherwise."""
    return int(cents * IN_CURRENCY[currency])


def _tax(shop: Shop, amount: int) -> int:
    """The tax inside an amount, or on top of it, as the shop's prices are."""
    share = TAX / (1 + TAX) if shop.tax_included else Decimal(0)
    return int((amount * share).to_integral_value())


def _refund(found: Sales, random: Random, shop: Shop, line: OrderLine, paid_at: datetime) -> None:
    quantity = random.randint(1, line.quantity)
    net = (line.unit_price * line.quantity - line.discount - (line.tax if shop.tax_included else 0)) // line.quantity
    happened_at = paid_at + timedelta(days=random.randint(2, 30))
    refund_id = f"R{len(found.refunds) + 1}"
    tax = line.tax * quantity // line.quantity
    found.refunds.append(Refund(refund_id, line.order_id, line.line_id, happened_at, quantity, net * quantity, tax))


def rates(setting: Setting) -> list[Rate]:
    """A random walk on working days, from a week before the world begins."""
    found = []
    random = setting.random("rates")
    level = {currency: Decimal(rate) for currency, rate in FIRST_RATES.items()}
    day = setting.first_day - timedelta(days=9)
    while day <= setting.last_day:
        if day.weekday() < 5 and not _is_closed(day):
            for currency in FIRST_RATES:
                step = Decimal(random.randint(-60, 60)) / 10_000
                decimals = Decimal("0.01") if currency == "JPY" else Decimal("0.0001")
                level[currency] = (level[currency] * (1 + step)).quantize(decimals)
                found.append(Rate(day, currency, str(level[currency]), at(day, 16)))
        day += timedelta(days=1)
    return found


def _is_closed(day: date) -> bool:
    """The days, besides week-ends, on which the ECB publishes no rate (Easter left out)."""
    return (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}
