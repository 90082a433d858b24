"""A WooCommerce shop at an instant: its orders, refunds, customers, products and status."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.events import World
from sandbox.vendors.woocommerce.orders import NOBODY, Placed, Shown
from sandbox.vendors.woocommerce.values import Row, address, dates, money, number_of

SHOP_ID = "boutique"


class Backoffice:
    """The shop of a world, indexed on the first call."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.zone = ZoneInfo(world.time_zone)
        self.orders = lru_cache(maxsize=2)(self._shown)  # the pages of a list are asked one after the other

    @cached_property
    def _orders(self) -> list[Placed]:
        taxed = any(shop.tax_included for shop in self.world.shops if shop.shop_id == SHOP_ID)
        people = {one.person_id: one for one in self.world.people}
        products = {one.product_id: one for one in self.world.products}
        lines, refunds = _by_order(self.world.order_lines), _by_order(self.world.refunds)
        deleted = {one.customer_id: one.deleted_at for one in self.world.customers}
        return [
            Placed(
                one, lines[one.order_id], refunds[one.order_id], people.get(one.person_id, NOBODY), products, taxed,
                self.zone, deleted.get(one.customer_id or ""),
            )
            for one in self.world.orders
            if one.shop_id == SHOP_ID
        ]  # fmt: skip

    def _shown(self, now: datetime) -> list[Shown]:
        """Every order placed by now, also in the trash, until that is emptied."""
        return [found for whole in self._orders for one in (whole, *whole.parts) if (found := one.shown(now))]

    def refunds(self, now: datetime) -> list[Shown]:
        """Every refund made by now, but for those that were deleted."""
        return [found for one in self._orders for found in one.shown_refunds(now)]

    def customers(self, now: datetime) -> list[Shown]:
        """Every account made by now that is still there."""
        people = {one.person_id: one for one in self.world.people}
        found = []
        for one in self.world.customers:
            is_deleted = one.deleted_at is not None and one.deleted_at <= now
            if one.shop_id == SHOP_ID and one.created_at <= now and not is_deleted:
                person = people.get(one.person_id, NOBODY)
                item = {
                    "id": number_of(one.customer_id),
                    **dates("created", one.created_at, self.zone),
                    **dates("modified", one.created_at, self.zone),
                    "email": one.email.strip(),
                    "first_name": person.first_name,
                    "last_name": person.last_name,
                    "role": "customer",
                    "username": f"{person.first_name}.{person.last_name}".lower(),
                    "billing": address(person) | {"email": one.email.strip(), "phone": person.phone},
                    "shipping": address(person),
                    "is_paying_customer": True,
                    "avatar_url": "https://secure.gravatar.com/avatar/?s=96",
                    "meta_data": [],
                }
                found.append(_as_is(item, one.created_at, person.first_name))
        return found

    def products(self, now: datetime) -> list[Shown]:
        """The catalogue; a gift card is of the type that its plugin adds, and what has no cost costs nothing."""
        created_at = datetime.combine(self.world.first_day, datetime.min.time(), UTC)
        found = []
        for one in self.world.products:
            cost = (one.cost or 0) / 100
            item = {
                "id": number_of(one.product_id),
                "name": one.name,
                **dates("created", created_at, self.zone),
                **dates("modified", created_at, self.zone),
                "type": "gift-card" if one.kind == "gift_card" else "simple",
                "status": "publish",
                "sku": one.product_id,
                "price": money(one.price),
                "cost_of_goods_sold": {
                    "values": [{"defined_value": cost or None, "effective_value": cost}],
                    "total_value": cost,
                },
                "meta_data": [],
            }
            found.append(_as_is(item, created_at, one.name))
        return found

    def status(self) -> Row:
        """The part of the system status that says what this shop is."""
        return {
            "environment": {"home_url": "https://boutique.example", "version": "10.3.5", "wp_version": "6.8.3"},
            "settings": {"api_enabled": False, "currency": "EUR", "number_of_decimals": 2},
            "security": {"secure_connection": True, "hide_errors": True},
        }


def _as_is(item: Row, created_at: datetime, name: str) -> Shown:
    return Shown(item["id"], created_at, created_at, lambda: item, name=name)


def _by_order(events: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        found[event.order_id].append(event)
    return found
