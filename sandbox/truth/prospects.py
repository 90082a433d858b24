"""Prospects: persons by their first confirmed opt-in, what they cost, and whether they buy."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.truth.customers import earlier_customers
from sandbox.truth.opt_ins import OptIn
from sandbox.truth.persons import Persons
from sandbox.truth.purchases import Purchases
from sandbox.truth.terms import Value, ratio
from sandbox.truth.view import Answers, View, key


@dataclass(frozen=True)
class _Prospects:
    """New prospects, and of those who had not bought before: all, and the ones who bought in time."""

    new: Counter[date]
    candidates: Counter[date]
    converted: Counter[date]


def prospect_kpis(
    view: View,
    people: Persons,
    opted_in: Mapping[str, OptIn],
    purchases: Purchases,
    spend: Mapping[date, Decimal],
    spend_known_through: date,
) -> Answers:
    """New prospects, their cost, and how many of them become customers."""
    counted = _count(view, opted_in, purchases, earlier_customers(view, people))
    found: Answers = {}
    for period in view.periods:
        new = period.total(counted.new)
        found[key("new_prospects", period)] = Value(new)
        if period.start <= spend_known_through:
            found[key("cost_per_prospect", period)] = ratio(period.total(spend), new)
        else:
            found[key("cost_per_prospect", period)] = Value(None, None, new)
        found[key("prospect_to_customer_rate", period)] = ratio(
            period.total(counted.converted), period.total(counted.candidates)
        )
    return found


def _count(view: View, opted_in: Mapping[str, OptIn], purchases: Purchases, earlier: set[str]) -> _Prospects:
    window = timedelta(days=view.business.prospect_window_days)
    paid: dict[str, list[datetime]] = defaultdict(list)
    for one in purchases:
        paid[one.person].append(one.paid_at)  # in the order of payment
    found = _Prospects(Counter(), Counter(), Counter())
    for person, (since, _) in opted_in.items():
        day = view.day_of(since)
        bought = paid.get(person, [])
        found.new[day] += 1
        if bisect_left(bought, since) == 0 and person not in earlier:  # none before
            found.candidates[day] += 1
            found.converted[day] += bool(bought) and bought[0] <= since + window
    return found
