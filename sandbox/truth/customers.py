"""Customers: how often they buy, how many are active, how long they took to buy first, and what they buy next."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction

from sandbox.truth.lines import Lines
from sandbox.truth.opt_ins import OptIn
from sandbox.truth.periods import Period
from sandbox.truth.persons import Persons
from sandbox.truth.purchases import Purchase, Purchases, known_shops
from sandbox.truth.terms import Upsell, Value, mean, ratio
from sandbox.truth.view import Answers, View, key

YEAR, WEEK = timedelta(days=364), timedelta(days=6)  # 365 and 7 days, the last one included
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def customer_kpis(
    view: View, people: Persons, opted_in: Mapping[str, OptIn], purchases: Purchases, lines: Lines
) -> Answers:
    """Frequency, the days before a first purchase, and upsells."""
    earlier = earlier_customers(view, people)
    waits = _waits(_accounts(view, people), opted_in, purchases, earlier)
    offered, taken = _upsells(view.business.upsells, purchases, lines, earlier)
    found: Answers = {}
    for period in view.periods:
        bought = _buyers(view, period, purchases, YEAR)
        frequency = Value(None) if bought is None else ratio(bought.total(), len(bought))
        found[key("purchase_frequency", period)] = frequency
        found[key("avg_days_to_first_purchase", period)] = mean(wait for day in period.days() for wait in waits[day])
        found[key("upsell_conversion_rate", period)] = ratio(period.total(taken), period.total(offered))
    return found


def weekly_active_customers(view: View, purchases: Purchases) -> dict[Period, Value]:
    """Known buyers of the 7 days that end with the period."""
    found = {}
    for period in view.periods:
        bought = _buyers(view, period, purchases, WEEK)
        found[period] = Value(None if bought is None else len(bought))
    return found


def _buyers(view: View, period: Period, purchases: Purchases, window: timedelta) -> Counter[str] | None:
    """Known buyers, and how often each bought, in the days that end with the period; None if one is not loaded."""
    first = period.last - window
    if first < view.business.history_start:
        return None
    return Counter(one.buyer for one in purchases.between(first, period.last) if one.buyer)


def _waits(
    accounts: Mapping[str, datetime], opted_in: Mapping[str, OptIn], purchases: Purchases, earlier: set[str]
) -> dict[date, list[Fraction]]:
    """Days from opt-in, else from account creation, to the first purchase, by the day that it was paid."""
    found: dict[date, list[Fraction]] = defaultdict(list)
    seen = {"", *earlier}
    for one in purchases:
        person = one.person
        if person in seen:
            continue
        seen.add(person)
        opt_in = opted_in.get(person)
        since = opt_in.at if opt_in else accounts.get(person)
        if one.order.opted_in and (opt_in is None or opt_in.at >= one.order.placed_at):
            found[one.day].append(Fraction(0))
        elif since is not None and since <= one.paid_at:
            found[one.day].append(Fraction((one.paid_at - since) // MICROSECOND, DAY // MICROSECOND))
    return found


def _accounts(view: View, people: Persons) -> dict[str, datetime]:
    """When each person's first account was made, of those that the shops still have."""
    shops = known_shops(view)
    found: dict[str, datetime] = {}
    for account in view.world.customers:
        if account.shop_id in shops and view.exists(account.created_at, account.deleted_at):
            person = people.of(account.email)
            found[person] = min(account.created_at, found.get(person, account.created_at))
    return found


def earlier_customers(view: View, people: Persons) -> set[str]:
    """Buyers with an account of before the history: nobody can tell which of their purchases was the first."""
    shops = known_shops(view)
    return {
        people.of(account.email) or f"{account.shop_id} {account.customer_id}"
        for account in view.world.customers
        if account.shop_id in shops
        and view.exists(account.created_at, account.deleted_at)
        and view.day_of(account.created_at) < view.business.history_start
    }


def _upsells(
    pairs: tuple[Upsell, ...], purchases: Purchases, lines: Lines, earlier: set[str]
) -> tuple[Counter[date], Counter[date]]:
    """Customers by the day of their first ever purchase of a base product, and those who then took the upsell."""
    of_buyer: dict[str, list[Purchase]] = defaultdict(list)
    for one in purchases:
        if one.buyer and one.buyer not in earlier:
            of_buyer[one.buyer].append(one)
    offered: Counter[date] = Counter()
    taken: Counter[date] = Counter()
    for pair in pairs:
        for bought in of_buyer.values():
            first = next((one for one in bought if _holds(one, pair.base, lines)), None)
            if first:
                offered[first.day] += 1
                taken[first.day] += any(
                    _is_in_time(one, first, pair) and _holds(one, pair.upsell, lines) for one in bought
                )
    return offered, taken


def _holds(one: Purchase, products: tuple[str, ...], lines: Lines) -> bool:
    return any(line.product_id in products for line in lines.of(one.order))


def _is_in_time(one: Purchase, first: Purchase, pair: Upsell) -> bool:
    """Whether an order is late enough after the first one, and not too late."""
    if one is first:
        return pair.same_order
    return first.paid_at < one.paid_at <= first.paid_at + timedelta(days=pair.window_days)
