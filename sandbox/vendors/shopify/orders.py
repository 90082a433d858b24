"""Orders and customers of the world as Shopify shows them at an instant."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.events import Customer, Order, OrderLine, Refund, World
from sandbox.vendors.shopify.graphql import Connection, Item
from sandbox.vendors.shopify.sales import agreements
from sandbox.vendors.shopify.values import SHOP_CURRENCY, bag, gid, in_parts, instant, money, number

DECLINED_EVERY, IN_PARTS_EVERY, PENDING_EVERY = 11, 7, 5  # by the order's number
NOT_IN_CATALOGUE: Item = {"product": None, "variant": None}  # of a line of no product, or of one that was deleted


def is_there_at(since: datetime, until: datetime | None, now: datetime) -> bool:
    """Whether a thing has been made by now and not been deleted."""
    return since <= now and (until is None or until > now)


class Shopfront:
    """One shop's part of a world, indexed once."""

    def __init__(self, world: World, shop_id: str) -> None:
        self.name = next((shop.name for shop in world.shops if shop.shop_id == shop_id), shop_id)
        self.tax_included = any(shop.tax_included for shop in world.shops if shop.shop_id == shop_id)
        self._people = {person.person_id: person for person in world.people}
        self._products = {product.product_id: product for product in world.products}
        self._withdrawn_at = {one.product_id: one.happened_at for one in world.withdrawals if one.shop_id == shop_id}
        self.orders = [order for order in world.orders if order.shop_id == shop_id]
        self.customers = [customer for customer in world.customers if customer.shop_id == shop_id]
        self._lines: dict[str, list[OrderLine]] = defaultdict(list)
        self._refunds: dict[str, dict[str, list[Refund]]] = defaultdict(lambda: defaultdict(list))
        self._placed: dict[str, list[datetime]] = defaultdict(list)
        for line in world.order_lines:
            self._lines[line.order_id].append(line)
        for refund in [*world.refunds, *self._without_money(world)]:
            self._refunds[refund.order_id][refund.refund_id].append(refund)
        for order in self.orders:
            self._placed[order.customer_id or ""].append(order.placed_at)
        self._orders_of_refunds = {
            gid("Refund", refund_id): order for order in self.orders for refund_id in self._refunds[order.order_id]
        }

    def _without_money(self, world: World) -> list[Refund]:
        """What the vendor writes down as refunds too: lines that are taken off, and deposits that go back."""
        ours = {order.order_id: order for order in self.orders}
        lines = [line for line in world.order_lines if line.order_id in ours]
        found = [
            Refund(f"{line.line_id} off", line.order_id, line.line_id, line.removed_at, line.quantity, 0, 0,
                   kept=line.unit_price * line.quantity - line.discount)
            for line in lines
            if line.removed_at
        ]  # fmt: skip
        for line in lines:
            order = ours[line.order_id]
            if order.deposit_returned_at:
                returned = order.deposit if line == next(one for one in lines if one.order_id == order.order_id) else 0
                worth = line.unit_price * line.quantity - line.discount
                found.append(
                    Refund(f"{order.order_id} deposit", order.order_id, line.line_id, order.deposit_returned_at,
                           line.quantity, returned, 0, kept=worth - returned)
                )  # fmt: skip
        return found

    def order_changed_at(self, order: Order, now: datetime) -> datetime:
        """When an order was last another one."""
        lines = self._lines[order.order_id]
        times = [order.placed_at, order.paid_at, order.cancelled_at, order.voided_at, order.imported_at]
        times += [at for line in lines for at in (line.added_at, line.removed_at)]
        times += [refund.happened_at for parts in self._refunds[order.order_id].values() for refund in parts]
        return max(at for at in times if at and at <= now)

    def customer_changed_at(self, customer: Customer, now: datetime) -> datetime:
        """When a customer was last another one: an order changes its counters."""
        return max(at for at in (customer.created_at, *self._placed[customer.customer_id]) if at <= now)

    def customer(self, customer: Customer, now: datetime) -> Item:
        """A customer with all its fields."""
        person = self._people.get(customer.person_id)
        email = {"__typename": "CustomerEmailAddress", "emailAddress": customer.email, "marketingState": "SUBSCRIBED"}
        return {
            "__typename": "Customer",
            "id": gid("Customer", customer.customer_id),
            "createdAt": instant(customer.created_at),
            "updatedAt": instant(self.customer_changed_at(customer, now)),
            "firstName": person.first_name if person else None,
            "lastName": person.last_name if person else None,
            "defaultEmailAddress": email if customer.email else None,
            "numberOfOrders": str(sum(1 for at in self._placed[customer.customer_id] if at <= now)),
            "note": "Rings twice",
        }

    def order(self, order: Order, now: datetime) -> Item:
        """An order with all its fields."""
        original = self._original(order)
        lines = self._lines_at(order, now)
        total = self._total(order, [line for line in lines if not self._was_removed_unpaid(order, line, now)])
        processed_at = order.paid_at if self._is_paid(order, now) and total == 0 else order.placed_at
        cancelled_at = order.cancelled_at if order.cancelled_at and order.cancelled_at <= now else None
        return self._buyer(order) | {
            "__typename": "Order",
            "id": gid("Order", order.order_id),
            "name": f"#{order.transaction_id or order.order_id}",
            "createdAt": instant(order.imported_at or order.placed_at),
            "processedAt": instant(processed_at),
            "updatedAt": instant(self.order_changed_at(order, now)),
            "cancelledAt": instant(cancelled_at),
            "test": order.is_test,
            "taxesIncluded": self.tax_included,
            "displayFinancialStatus": self._status(order, total, now),
            "presentmentCurrencyCode": order.currency,
            "currencyCode": SHOP_CURRENCY,
            "totalPriceSet": bag(total, order.currency),
            "originalTotalPriceSet": bag(original, order.currency),
            "edited": any(at and at <= now for line in lines for at in (line.added_at, line.removed_at)),
            "agreements": agreements(
                order, self._lines[order.order_id], self._refunds_by(order, now), self.tax_included, now
            ),
            "totalTipReceivedSet": bag(order.tip, order.currency),
            "shippingLine": self._shipping(order),
            "additionalFees": self._fees(order),
            "lineItems": Connection("LineItem", self._line_items(order, now)),
            "transactions": self._transactions(order, now),
            "refunds": [self._refund(order, parts) for parts in self._refunds_by(order, now)],
        }

    def _buyer(self, order: Order) -> Item:
        """What an order says of who placed it; without shipping there is the payer's address alone."""
        person = self._people.get(order.person_id)
        address = person and {
            "__typename": "MailingAddress",
            "name": f"{person.first_name} {person.last_name}",
            "address1": person.street,
            "phone": person.phone,
            "countryCodeV2": person.country,
        }
        customer = {"__typename": "Customer", "id": gid("Customer", order.customer_id or "")}
        return {
            "customer": customer if order.customer_id else None,
            "customerAcceptsMarketing": order.opted_in,
            "email": order.email or None,
            "phone": person.phone if person else None,
            "clientIp": "192.0.2.1",
            "note": "Please ring twice",
            "shippingAddress": address if order.shipping else None,
            "billingAddress": address,
        }

    def refund(self, refund_id: str, now: datetime) -> Item | None:
        """A refund by the vendor's id."""
        order = self._orders_of_refunds.get(refund_id)
        is_there = order is not None and is_there_at(order.imported_at or order.placed_at, order.deleted_at, now)
        found = [self._refund(order, parts) for parts in self._refunds_by(order, now)] if order and is_there else []
        return next((refund for refund in found if refund["id"] == refund_id), None)

    def _refunds_by(self, order: Order, now: datetime) -> list[list[Refund]]:
        return [parts for parts in self._refunds[order.order_id].values() if parts[0].happened_at <= now]

    def _lines_at(self, order: Order, now: datetime) -> list[OrderLine]:
        return [line for line in self._lines[order.order_id] if line.added_at is None or line.added_at <= now]

    def _was_removed_unpaid(self, order: Order, line: OrderLine, now: datetime) -> bool:
        is_removed = line.removed_at is not None and line.removed_at <= now
        return is_removed and not (line.removed_at and order.paid_at and order.paid_at <= line.removed_at)

    def _total(self, order: Order, lines: list[OrderLine]) -> int:
        goods = sum(line.unit_price * line.quantity - line.discount for line in lines)
        taxes = 0 if self.tax_included else sum(line.tax for line in lines) + order.shipping_tax
        return goods + order.shipping + order.tip + order.fee + taxes

    def _original(self, order: Order) -> int:
        """What an order came to when it was placed."""
        return self._total(order, [line for line in self._lines[order.order_id] if not line.added_at])

    def _is_paid(self, order: Order, now: datetime) -> bool:
        return bool(order.paid_at and order.paid_at <= now and not self._is_voided(order, now))

    def _is_voided(self, order: Order, now: datetime) -> bool:
        return bool(order.voided_at and order.voided_at <= now)

    def _is_in_parts(self, order: Order, total: int) -> bool:
        return number("Order", order.order_id) % IN_PARTS_EVERY == 0 and total > 1 and not order.voided_at

    def _status(self, order: Order, total: int, now: datetime) -> str:
        if order.voided_at:
            return "VOIDED" if self._is_voided(order, now) else "AUTHORIZED"
        if not self._is_paid(order, now):
            if order.deposit:
                is_back = order.deposit_returned_at is not None and order.deposit_returned_at <= now
                return "REFUNDED" if is_back else "PARTIALLY_PAID"
            return "PARTIALLY_PAID" if self._is_in_parts(order, total) else "PENDING"
        returned = sum(part.amount + part.tax for parts in self._refunds_by(order, now) for part in parts)
        if not returned and total > self._paid_total(order):
            return "PAID" if self._is_exchanged(order, now) else "PARTIALLY_PAID"
        return "PAID" if not returned else "REFUNDED" if returned >= total else "PARTIALLY_REFUNDED"

    def _paid_total(self, order: Order) -> int:
        """What an order came to when it was paid in full."""
        return self._total(order, [line for line in self._lines[order.order_id] if line.was_paid_for(order)])

    def _is_exchanged(self, order: Order, now: datetime) -> bool:
        return any(line.removed_at and line.removed_at <= now for line in self._lines[order.order_id])

    def _transactions(self, order: Order, now: datetime) -> list[Item]:
        """Tried payments: a few are declined first, in two parts, or wait for the money; the void of some."""
        key, total = number("Order", order.order_id), self._paid_total(order)
        found: list[tuple[str, str, datetime, int]] = []
        if total and key % DECLINED_EVERY == 0:
            found.append(("SALE", "FAILURE", order.placed_at, total))
        if order.voided_at:
            found.append(("AUTHORIZATION", "SUCCESS", order.placed_at, total))
            if self._is_voided(order, now):
                found.append(("VOID", "SUCCESS", order.voided_at, total))
        elif order.deposit:
            found.append(("SALE", "SUCCESS", order.placed_at, order.deposit))
        elif self._is_in_parts(order, total):
            first = max(1, min(total, self._original(order)) // 2)
            found.append(("AUTHORIZATION", "SUCCESS", order.placed_at, total))
            found.append(("CAPTURE", "SUCCESS", order.placed_at, first))
            if self._is_paid(order, now) and order.paid_at:
                found.append(("CAPTURE", "SUCCESS", order.paid_at, total - first))
        elif total and self._is_paid(order, now) and order.paid_at:
            found.append(("SALE", "SUCCESS", order.paid_at, total))
        elif total and key % PENDING_EVERY == 0:
            found.append(("SALE", "PENDING", order.placed_at, total))
        found += [
            ("REFUND", "SUCCESS", parts[0].happened_at, returned)
            for parts in self._refunds_by(order, now)
            if (returned := sum(part.amount + part.tax for part in parts))
        ]
        return [
            {
                "__typename": "OrderTransaction",
                "id": gid("OrderTransaction", f"{order.order_id} {position}"),
                "kind": kind,
                "status": status,
                "test": order.is_test,
                "gateway": "shopify_payments" if order.transaction_id else "manual",
                "createdAt": instant(at - timedelta(seconds=1) if status == "FAILURE" else at),
                # of an imported order the vendor knows no more than when it was imported
                "processedAt": instant(max(at, order.imported_at) if order.imported_at else at),
                "amountSet": bag(amount, order.currency),
            }
            for position, (kind, status, at, amount) in enumerate(found)
        ]

    def _taxes(self, order: Order, amount: int) -> list[Item] | None:
        """Tax lines; no list at all where the tax is unknown."""
        if not order.is_tax_known:
            return None
        tax = {"__typename": "TaxLine", "title": "VAT", "rate": 0.2, "priceSet": bag(amount, order.currency)}
        return [tax] if amount else []

    def _shipping(self, order: Order) -> Item | None:
        if not order.shipping:
            return None
        return {
            "__typename": "ShippingLine",
            "id": None,
            "title": "Standard",
            "originalPriceSet": bag(order.shipping, order.currency),
            "discountedPriceSet": bag(order.shipping, order.currency),
            "taxLines": self._taxes(order, order.shipping_tax),
        }

    def _fees(self, order: Order) -> list[Item]:
        fee = {
            "__typename": "AdditionalFee",
            "id": gid("AdditionalFee", order.order_id),
            "name": "Handling",
            "price": bag(order.fee, order.currency),
            "taxLines": [],
        }
        return [fee] if order.fee else []

    def _line_items(self, order: Order, now: datetime) -> list[Item]:
        """The lines, among them the tip, which looks like a thing that is in no catalogue."""
        found = [
            self._line_item(order, line) | (NOT_IN_CATALOGUE if self._is_withdrawn(line, now) else {})
            for line in self._lines_at(order, now)
        ]
        if order.tip:
            tip = {"id": gid("LineItem", f"{order.order_id} tip"), "title": "Tip", "name": "Tip"}
            found.append(self._sold(order, order.tip, 1, 0, []) | tip)
        return found

    def _is_withdrawn(self, line: OrderLine, now: datetime) -> bool:
        withdrawn_at = self._withdrawn_at.get(line.product_id)
        return withdrawn_at is not None and withdrawn_at <= now

    def _line_item(self, order: Order, line: OrderLine) -> Item:
        product = self._products[line.product_id]
        cost = None if product.cost is None else money(Decimal(product.cost).scaleb(-2), SHOP_CURRENCY)
        item = {"__typename": "InventoryItem", "id": gid("InventoryItem", line.product_id), "unitCost": cost}
        variant = {"__typename": "ProductVariant", "id": gid("ProductVariant", line.product_id), "inventoryItem": item}
        sold = self._sold(order, line.unit_price, line.quantity, line.discount, self._taxes(order, line.tax))
        return sold | {
            "id": gid("LineItem", line.line_id),
            "title": product.name,
            "name": product.name,
            "sku": product.product_id,
            "isGiftCard": product.kind == "gift_card",
            "product": {"__typename": "Product", "id": gid("Product", line.product_id)},
            "variant": variant,
        }

    def _sold(self, order: Order, unit_price: int, quantity: int, discount: int, taxes: list[Item] | None) -> Item:
        """What a line and a tip have in common. Half of a discount is the line's own, half its part of the order's."""
        total, own = unit_price * quantity, discount // 2
        parts: list[dict[str, Any]] = [
            {"__typename": "DiscountAllocation", "allocatedAmountSet": part}
            for part in in_parts([one for one in (own, discount - own) if one], order.currency)
        ]
        return {
            "__typename": "LineItem",
            "sku": None,
            "quantity": quantity,
            "currentQuantity": quantity,
            "isGiftCard": False,
            **NOT_IN_CATALOGUE,
            "originalUnitPriceSet": bag(unit_price, order.currency),
            "originalTotalSet": bag(total, order.currency),
            "discountedTotalSet": bag(total - own, order.currency),
            "discountAllocations": parts,
            "taxLines": taxes,
        }

    def _refund(self, order: Order, parts: list[Refund]) -> Item:
        """A refund; of the subtotal of its lines the vendor takes no tax off where prices include it."""
        returned = sum(part.amount + part.tax for part in parts)
        return {
            "__typename": "Refund",
            "id": gid("Refund", parts[0].refund_id),
            "createdAt": instant(parts[0].happened_at),
            "note": "Came broken, says the customer",
            "totalRefundedSet": bag(returned, order.currency),
            "refundLineItems": Connection(
                "RefundLineItem", [self._refunded(order, part) for part in parts if part.line_id and part.quantity]
            ),
            "refundShippingLines": Connection("RefundShippingLine", []),
        }

    def _refunded(self, order: Order, part: Refund) -> Item:
        return {
            "__typename": "RefundLineItem",
            "id": gid("RefundLineItem", f"{part.refund_id} {part.line_id}"),
            "quantity": part.quantity,
            "restockType": "RETURN",
            "lineItem": {"__typename": "LineItem", "id": gid("LineItem", part.line_id)},
            "subtotalSet": bag(part.amount + part.kept + (part.tax if self.tax_included else 0), order.currency),
            "totalTaxSet": bag(part.tax, order.currency),
        }
