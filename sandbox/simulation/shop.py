"""Two shops: products, customers, orders with their lines, refunds."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from sandbox.events import Customer, Order, OrderLine, Person, Product, Refund, Shop, Withdrawal
from sandbox.simulation.setting import Setting, at, moment
from sandbox.simulation.shop_later import changed_later, set_to_refunded
from sandbox.simulation.web import Checkout

BOUTIQUE = Shop("boutique", "Boutique", tax_included=True)
INTERNATIONAL = Shop("international", "International", tax_included=False)
TAX = Decimal("0.20")
OFFLINE_PER_DAY = 1.1  # orders by phone and on markets: no visit, no transaction id
IN_CURRENCY = {"EUR": Decimal(1), "USD": Decimal("1.1"), "JPY": Decimal("1.6")}  # list prices; yen have no cents
BASE_PRODUCT, UPSELL_PRODUCT = "P-001", "P-010"
# What is taken back later: an order that was typed in twice, an account, a refund whose money comes back.
TEST_DELETED_EVERY, ORDER_DELETED_EVERY, ACCOUNT_DELETED_EVERY, REFUND_UNDONE_EVERY = 2, 12, 25, 7
GIVEN_UP_AFTER = timedelta(days=2)  # an order that is never paid
WITHDRAWN_AFTER = timedelta(days=2)  # a product that nobody buys any more


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
    withdrawals: list[Withdrawal] = field(default_factory=list)


def sales(setting: Setting, people: list[Person], catalogue: list[Product], checkouts: list[Checkout]) -> Sales:
    """An order for every checkout of the site, and those that came otherwise."""
    found = Sales()
    for checkout in sorted(
        [*checkouts, *_offline(setting, people, catalogue)], key=lambda one: (one.at, one.person_id)
    ):
        _order(found, setting.random("order", checkout.transaction_id, checkout.at), people, checkout)
    _take_back(found, setting)
    found.orders, found.lines, found.refunds = changed_later(
        setting, found.orders, found.lines, found.refunds, INTERNATIONAL.shop_id
    )
    found.refunds = set_to_refunded(setting, found.orders, found.lines, found.refunds, BOUTIQUE.shop_id)
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


def _take_back(found: Sales, setting: Setting) -> None:
    """What somebody deletes later. Each delay has a generator of its own, so that the sales stay as they are."""

    def later(least: int, most: int, *area: str) -> timedelta:
        return timedelta(days=setting.random("taken back", *area).randint(least, most))

    placed_at = {order.customer_id: order.placed_at for order in found.orders}  # the last one, as they are in order
    of_boutique = {one.order_id for one in found.orders if one.shop_id == BOUTIQUE.shop_id}
    deleted = {
        one.order_id: one.placed_at + (GIVEN_UP_AFTER if one.paid_at is None else later(3, 20, one.order_id))
        for one in _deleted_orders(found.orders)
    }
    found.orders = [replace(one, deleted_at=deleted.get(one.order_id)) for one in found.orders]
    accounts = [key for key in found.customers if key[0] == BOUTIQUE.shop_id]
    for key in accounts[4::ACCOUNT_DELETED_EVERY]:
        account = found.customers[key]
        deleted_at = placed_at[account.customer_id] + later(10, 30, account.customer_id)
        found.customers[key] = replace(account, deleted_at=deleted_at)
    refunds = [number for number, one in enumerate(found.refunds) if one.order_id in of_boutique]
    for number in refunds[1::REFUND_UNDONE_EVERY]:
        refund = found.refunds[number]
        found.refunds[number] = replace(refund, undone_at=refund.happened_at + later(2, 5, refund.refund_id))
    found.withdrawals = _withdrawals(found, setting)


def _deleted_orders(orders: list[Order]) -> list[Order]:
    """Some tests and some typed-in orders of each shop; of the one that empties no trash, also what is never paid."""
    found = [one for one in orders if one.shop_id == INTERNATIONAL.shop_id and one.paid_at is None]
    for shop in (BOUTIQUE, INTERNATIONAL):
        paid = [one for one in orders if one.shop_id == shop.shop_id and one.paid_at]
        found += [one for one in paid if one.is_test][::TEST_DELETED_EVERY]
        typed_in = [one for one in paid if not one.is_test and not one.transaction_id]
        found += typed_in[3::ORDER_DELETED_EVERY]
    return found


def _withdrawals(found: Sales, setting: Setting) -> list[Withdrawal]:
    """The product that the international shop has not sold for longest, while there is still time to delete it."""
    orders = {one.order_id: one for one in found.orders if one.shop_id == INTERNATIONAL.shop_id}
    sold_at = {line.product_id: orders[line.order_id].placed_at for line in found.lines if line.order_id in orders}
    if not sold_at:
        return []
    last, product_id = min((placed_at, product_id) for product_id, placed_at in sold_at.items())
    is_in_time = last + WITHDRAWN_AFTER < at(setting.last_day, 0)
    return [Withdrawal(INTERNATIONAL.shop_id, product_id, last + WITHDRAWN_AFTER)] if is_in_time else []
