"""Prospects: persons by their first confirmed opt-in, what they cost, and whether they buy."""

import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.events import Order
from sandbox.truth.mail import is_ours
from sandbox.truth.terms import Value, ratio
from sandbox.truth.view import Answers, View, key

GMAIL = ("gmail.com", "googlemail.com")


def normalised(address: str) -> str:
    """One spelling for every spelling of a mailbox; "" where there is no address."""
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).lower().rpartition("@")
    if not local or not domain:
        return ""
    if domain in GMAIL:
        return f"{local.partition('+')[0].replace('.', '')}@gmail.com"
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def opt_ins(view: View) -> dict[str, datetime]:
    """Each person's earliest opt-in that any refresh was shown."""
    confirmed: dict[str, list[datetime]] = defaultdict(list)
    for event in view.world.contact_events:
        if event.kind == "confirm":
            confirmed[event.contact_id].append(event.happened_at)
    members: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for contact in view.world.contacts:
        if is_ours(view, contact.list_id, contact.tool) and contact.kind != "transactional":
            members[contact.list_id, contact.email.strip().lower()] += confirmed[contact.contact_id]
    found: dict[str, datetime] = {}
    for (_, address), confirms in members.items():
        shown = _first_shown(view, confirms)
        person = normalised(address)
        if shown:
            found[person] = min(shown, found.get(person, shown))
    return found


def _first_shown(view: View, confirms: list[datetime]) -> datetime | None:
    """The tool shows the last confirmation only, so a re-opt-in hides the one before unless a refresh saw it."""
    for refresh in view.refreshes:
        shown = [confirm for confirm in confirms if confirm <= refresh.as_of]
        if shown:
            return max(shown)
    return None


@dataclass(frozen=True)
class _Prospects:
    """New prospects, and of those who had not bought before: all, and the ones who bought in time."""

    new: Counter[date]
    candidates: Counter[date]
    converted: Counter[date]


def prospect_kpis(
    view: View, opted_in: Mapping[str, datetime], orders: Sequence[Order], spend: Mapping[date, Decimal]
) -> Answers:
    """New prospects, their cost, and how many of them become customers."""
    counted = _count(view, opted_in, orders)
    found: Answers = {}
    for period in view.periods:
        new = period.total(counted.new)
        spent = sum((spend.get(day, Decimal(0)) for day in period.days()), Decimal(0))
        found[key("new_prospects", period)] = Value(new)
        found[key("cost_per_prospect", period)] = ratio(spent, new)
        found[key("prospect_to_customer_rate", period)] = ratio(
            period.total(counted.converted), period.total(counted.candidates)
        )
    return found


def _count(view: View, opted_in: Mapping[str, datetime], orders: Sequence[Order]) -> _Prospects:
    window = timedelta(days=view.business.prospect_window_days)
    paid: dict[str, list[datetime]] = defaultdict(list)
    for order in orders:
        if order.paid_at:
            paid[normalised(order.email)].append(order.paid_at)
    found = _Prospects(Counter(), Counter(), Counter())
    for person, since in opted_in.items():
        day = view.day_of(since)
        purchases = sorted(paid.get(person, []))
        found.new[day] += 1
        if bisect_left(purchases, since) == 0:  # none before
            found.candidates[day] += 1
            found.converted[day] += bool(purchases) and purchases[0] <= since + window
    return found
