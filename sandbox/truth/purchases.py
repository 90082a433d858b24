"""Purchases: the orders that count, dated at their first full payment, and who made them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.events import Order
from sandbox.truth.periods import days_between
from sandbox.truth.persons import Persons
from sandbox.truth.view import View


@dataclass(frozen=True)
class Purchase:
    """A paid order."""

    order: Order
    paid_at: datetime
    day: date  # of the payment, in the business zone
    person: str  # by e-mail; "" where there is no address
    buyer: str | None  # by e-mail if there is one, else by account; a guest without an address is nobody we know


class Purchases:
    """All purchases, in the order of payment."""

    def __init__(self, view: View, people: Persons) -> None:
        self._all = sorted(_paid(view, people), key=lambda one: (one.paid_at, one.order.order_id))
        self._by_day: dict[date, list[Purchase]] = defaultdict(list)
        for one in self._all:
            self._by_day[one.day].append(one)

    def __iter__(self) -> Iterator[Purchase]:
        return iter(self._all)

    def between(self, first: date, last: date) -> list[Purchase]:
        """Those of some days, both included."""
        return [one for day in days_between(first, last) for one in self._by_day.get(day, [])]


def known_shops(view: View) -> set[str]:
    """The shops that the business loads."""
    chosen = view.business.shops
    return {shop.shop_id for shop in view.world.shops if chosen is None or shop.shop_id in chosen}


def _paid(view: View, people: Persons) -> Iterator[Purchase]:
    """Paid by now on a loaded day, neither tests nor voided; one that the shop has deleted never happened."""
    shops = known_shops(view)
    for order in view.world.orders:
        if order.paid_at is None or order.paid_at > view.now or order.is_test or order.shop_id not in shops:
            continue
        if not view.exists(order.imported_at or order.placed_at, order.deleted_at):
            continue
        day = view.day_of(order.paid_at)
        is_voided = order.voided_at is not None and order.voided_at <= view.now
        if day <= view.through and not is_voided:
            person = people.of(order.email)
            account = f"{order.shop_id} {order.customer_id}" if order.customer_id else None
            yield Purchase(order, order.paid_at, day, person, person or account)
