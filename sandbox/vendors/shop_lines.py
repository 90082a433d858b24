"""Orders as a shop's back office lists them: a record per order line, every order field repeated on each."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.events import Order, OrderLine, Product, Refund, World, lines_as_paid

Record = dict[str, Any]
DECIMALS = {"JPY": 0}  # of a currency's minor unit; two for all others


def exported_lines(world: World, shop_id: str, now: datetime) -> Iterator[Record]:
    """The lines of every order of a shop that is there at `now`, oldest order first, as they stand at `now`."""
    shop = next((shop for shop in world.shops if shop.shop_id == shop_id), None)
    lines = _by_order(lines_as_paid(world))
    refunds = _by_order(one for one in world.refunds if one.happened_at <= now and not _by(one.undone_at, now))
    people = {person.person_id: person for person in world.people}
    products = {product.product_id: product for product in world.products}
    for order in _placed(world, shop_id, now):
        person = people.get(order.person_id)
        shared = _order_fields(order, lines[order.order_id], refunds[order.order_id], now) | {
            "name": f"{person.first_name} {person.last_name}" if person else "",
            "phone": person.phone if person else "",
            "street": person.street if person else "",
            "country": person.country if person else "",
            "tax_included": shop is not None and shop.tax_included,
        }
        for line in _lines(products, order, lines[order.order_id]):
            yield shared | line


def last_change(world: World, shop_id: str, now: datetime) -> datetime:
    """When the export last became another one: an order, a payment, a refund, or one of these taken back."""
    orders = [order for order in world.orders if order.shop_id == shop_id]
    known = {order.order_id for order in orders}
    changes = [
        at for one in orders for at in (one.placed_at, one.paid_at, one.cancelled_at, one.voided_at, one.deleted_at)
    ]
    changes += [at for one in world.refunds if one.order_id in known for at in (one.happened_at, one.undone_at)]
    return max((at for at in changes if at and at <= now), default=now)


def _placed(world: World, shop_id: str, now: datetime) -> list[Order]:
    orders = [one for one in world.orders if one.shop_id == shop_id and one.placed_at <= now]
    orders = [one for one in orders if not _by(one.deleted_at, now)]
    return sorted(orders, key=lambda order: (order.placed_at, order.order_id))


def _by_order(events: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        found[event.order_id].append(event)
    return found


def _order_fields(order: Order, lines: list[OrderLine], refunds: list[Refund], now: datetime) -> Record:
    return {
        "order_id": order.order_id,
        "placed_at": order.placed_at,
        "paid_at": _by(order.paid_at, now),
        "cancelled_at": _by(order.cancelled_at, now),
        "voided_at": _by(order.voided_at, now),
        "status": _status(order, lines, refunds, now),
        "is_test": order.is_test,
        "customer_id": order.customer_id or "",
        "email": order.email,
        "opted_in": order.opted_in,
        "currency": order.currency,
        "transaction_id": order.transaction_id,
    }


def _by(instant: datetime | None, now: datetime) -> datetime | None:
    """An instant that has come."""
    return instant if instant and instant <= now else None


def _status(order: Order, lines: list[OrderLine], refunds: list[Refund], now: datetime) -> str:
    if order.is_test:
        return "test"
    if _by(order.voided_at, now):
        return "voided"
    if _by(order.cancelled_at, now):
        return "cancelled"
    if not _by(order.paid_at, now):
        return "pending"
    returned = sum(refund.quantity for refund in refunds)
    if not returned:
        return "paid"
    return "refunded" if returned >= sum(line.quantity for line in lines) else "partially_refunded"


def _lines(products: dict[str, Product], order: Order, lines: list[OrderLine]) -> Iterator[Record]:
    for line in lines:
        product = products[line.product_id]
        yield {
            "line_id": line.line_id,
            "kind": product.kind,
            "product_id": product.product_id,
            "product_name": product.name,
            "quantity": line.quantity,
            "unit_cost": None if product.cost is None else _money(product.cost, "EUR"),
        } | _amounts(order, line.unit_price, line.discount, line.tax)
    charges = (("shipping", order.shipping, order.shipping_tax), ("fee", order.fee, 0), ("tip", order.tip, 0))
    for kind, amount, tax in charges:
        if amount:
            yield {
                "line_id": f"{order.order_id}-{kind}",
                "kind": kind,
                "product_id": "",
                "product_name": "",
                "quantity": 1,
                "unit_cost": None,
            } | _amounts(order, amount, 0, tax)


def _amounts(order: Order, unit_price: int, discount: int, tax: int) -> Record:
    return {
        "unit_price": _money(unit_price, order.currency),
        "discount": _money(discount, order.currency),
        "tax": _money(tax, order.currency) if order.is_tax_known else None,
    }


def _money(minor_units: int, currency: str) -> Decimal:
    return Decimal(minor_units).scaleb(-DECIMALS.get(currency, 2))
