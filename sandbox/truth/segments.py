"""KPIs by country, product, channel and e-mail tool, straight from the events; what holds nothing is not there."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sandbox.events import World
from sandbox.truth.lines import Lines
from sandbox.truth.mail import reach_by_tool
from sandbox.truth.opt_ins import OptIn, first_opt_ins, persons, told_opt_ins
from sandbox.truth.purchases import Purchases
from sandbox.truth.social import mentions_by_channel
from sandbox.truth.terms import Business, Refresh, Value, ratio
from sandbox.truth.view import View

UNATTRIBUTED = "unattributed"
Slice = tuple[str, str, str]  # KPI, dimension, segment
Counts = dict[Slice, Counter[date]]
Ratio = tuple[Mapping[date, Decimal], Mapping[date, int]]


class SegmentKey(NamedTuple):
    """One segment of a KPI in one period."""

    kpi_id: str
    dimension: str
    segment: str
    grain: str
    period_start: date


def segments(world: World, refreshes: Sequence[Refresh], business: Business) -> dict[SegmentKey, Value]:
    """Every segment in every period where it has something, as the last refresh should publish it."""
    view = View(world, refreshes, business)
    told = told_opt_ins(view)
    people = persons(told)
    purchases, lines = Purchases(view, people), Lines(view)
    counts = {
        **_sales(view, purchases, lines),
        **_prospects(view, first_opt_ins(told, people)),
        **{("brand_mentions", "channel", channel): days for channel, days in mentions_by_channel(view).items()},
    }
    rates = _baskets(view, purchases, lines) | _mail(view)
    found: dict[SegmentKey, Value] = {}
    for period in view.periods:
        for (kpi_id, dimension, segment), by_day in counts.items():
            if count := period.total(by_day):
                found[SegmentKey(kpi_id, dimension, segment, period.grain, period.start)] = Value(count)
        for (kpi_id, dimension, segment), (numerators, denominators) in rates.items():
            if denominator := period.total(denominators):
                value = ratio(period.total(numerators), denominator)
                found[SegmentKey(kpi_id, dimension, segment, period.grain, period.start)] = value
    return found


def _sales(view: View, purchases: Purchases, lines: Lines) -> Counts:
    """Purchases by country and channel, units by country and product."""
    country_of, channel_of = _countries(view), _channels(view)
    found: Counts = defaultdict(Counter)
    for one in purchases:
        country = country_of.get(one.order.person_id, "")
        found["purchases", "country", country][one.day] += 1
        found["purchases", "channel", channel_of.get(one.order.transaction_id, UNATTRIBUTED)][one.day] += 1
        for line in lines.of(one.order):
            found["products_sold", "country", country][one.day] += line.quantity
            found["products_sold", "product", line.product_id][one.day] += line.quantity
    return found


def _countries(view: View) -> dict[int, str]:
    return {person.person_id: person.country for person in view.world.people}


def _channels(view: View) -> dict[str, str]:
    """The reported source and medium of the session that holds the transaction, where the primary property has it."""
    visits = {visit.visit_id: visit for visit in view.world.visits}
    found: dict[str, str] = {}
    for hit in sorted(view.world.hits, key=lambda hit: hit.happened_at):
        if hit.name != "purchase" or not hit.transaction_id or hit.property_id != view.business.primary_property:
            continue
        visit = visits.get(hit.visit_id) if hit.visit_id is not None else None
        if visit and hit.cookie_id is not None and hit.shown_at <= view.now:
            found.setdefault(hit.transaction_id, f"{visit.reported_source} / {visit.reported_medium}")
    return found


def _prospects(view: View, opted_in: Mapping[str, OptIn]) -> Counts:
    """New prospects by the tool that showed their earliest opt-in."""
    found: Counts = defaultdict(Counter)
    for instant, tool in opted_in.values():
        found["new_prospects", "email_tool", tool][view.day_of(instant)] += 1
    return found


def _baskets(view: View, purchases: Purchases, lines: Lines) -> dict[Slice, Ratio]:
    country_of = _countries(view)
    values: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    orders: dict[str, Counter[date]] = defaultdict(Counter)
    for one in purchases:
        value = lines.value(one)
        if value is not None:
            country = country_of.get(one.order.person_id, "")
            values[country][one.day] += value
            orders[country][one.day] += 1
    return {("average_basket", "country", country): (values[country], orders[country]) for country in orders}


def _mail(view: View) -> dict[Slice, Ratio]:
    found: dict[Slice, Ratio] = {}
    for tool, reach in reach_by_tool(view).items():
        for kpi_id, counted in (("email_open_rate", reach.opened), ("email_click_rate", reach.clicked)):
            numerators = {day: Decimal(count) for day, count in counted.items()}
            found[kpi_id, "email_tool", tool] = (numerators, reach.delivered)
    return found
