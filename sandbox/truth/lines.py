"""What orders hold: product units, and what they are worth without tax in the reporting currency."""

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sandbox.events import PER_EURO, Order, OrderLine, Product, Refund, lines_as_paid
from sandbox.truth.money import MICRO, Converter, major
from sandbox.truth.purchases import Purchase
from sandbox.truth.view import View

CENT = Decimal("0.01")


class Lines:
    """The lines of products; gift cards, shipping, tips and fees are none."""

    def __init__(self, view: View) -> None:
        self._converter = Converter(view)
        self._own_money = view.business.own_money
        self._tax_included = {shop.shop_id for shop in view.world.shops if shop.tax_included}
        self.products = {one.product_id: one for one in view.world.products if one.kind == "product"}
        self._withdrawn = {
            (one.shop_id, one.product_id) for one in view.world.withdrawals if one.happened_at <= view.now
        }
        self._of_order: dict[str, list[OrderLine]] = defaultdict(list)
        self._charged: dict[str, list[OrderLine]] = defaultdict(list)
        for line in lines_as_paid(view.world):
            self._charged[line.order_id].append(line)
            if line.product_id in self.products:
                self._of_order[line.order_id].append(line)
        self._values: dict[str, Decimal | None] = {}

    def of(self, order: Order) -> list[OrderLine]:
        """The product lines of an order."""
        return self._of_order.get(order.order_id, [])

    def units(self, order: Order) -> int:
        """How many units of products it holds."""
        return sum(line.quantity for line in self.of(order))

    def value(self, one: Purchase) -> Decimal | None:
        """What a purchase is worth; None where a line's worth is unknown."""
        if one.order.order_id not in self._values:
            revenues = [self.revenue(one, line) for line in self.of(one.order)]
            known = [revenue for revenue in revenues if revenue is not None]
            self._values[one.order.order_id] = sum(known, Decimal(0)) if len(known) == len(revenues) else None
        return self._values[one.order.order_id]

    def revenue(self, one: Purchase, line: OrderLine) -> Decimal | None:
        """What a line brought, after discount; None without the tax inside its price or its currency's rate."""
        is_tax_inside = one.order.shop_id in self._tax_included
        if is_tax_inside and not one.order.is_tax_known:
            return None
        parts = [line.quantity * line.unit_price, -line.discount, -line.tax if is_tax_inside else 0]
        return self.brought(one.order, parts, one.day)

    def brought(self, order: Order, parts: list[int], day: date) -> Decimal | None:
        """What minor units of an order's currency are worth; a shop with its own money rounds each part to cents."""
        amount, currency = self._counted(order, parts)
        return self._converter.convert(amount, currency, day)

    def _counted(self, order: Order, parts: list[int]) -> tuple[Decimal, str]:
        """Minor units of an order's currency in the money in which its shop counts."""
        if order.shop_id not in self._own_money:
            return major(sum(parts), order.currency), order.currency
        own = [major(part, order.currency) / PER_EURO.get(order.currency, Decimal(1)) for part in parts]
        return sum((part.quantize(CENT) for part in own), Decimal(0)), "EUR"

    def spread(self, order: Order, amount: int, day: date, earlier: list[Refund]) -> dict[str, Decimal | None]:
        """Money given back for no line, by line: each gives its share of what is left of all that was charged for."""
        is_tax_inside = order.shop_id in self._tax_included
        parts = {
            line.line_id: [line.quantity * line.unit_price, -line.discount, -line.tax if is_tax_inside else 0]
            for line in self._charged[order.order_id]
        }
        parts |= {
            "shipping": [order.shipping, -order.shipping_tax if is_tax_inside else 0],
            "fee": [order.fee],
            "tip": [order.tip],
        }
        worth = {name: self._counted(order, those)[0] for name, those in parts.items()}
        for refund in earlier:
            if refund.line_id in worth:
                worth[refund.line_id] -= self._counted(order, [refund.amount])[0]
        worth = {name: max(one, Decimal(0)) for name, one in worth.items()}
        given, currency = self._counted(order, [amount])
        whole = sum(worth.values(), Decimal(0))
        return {
            name: self._converter.convert((given * one / whole).quantize(MICRO, ROUND_HALF_UP), currency, day)
            for name, one in worth.items()
            if whole
        }

    def cost(self, shop_id: str, product: Product, quantity: int, day: date) -> Decimal | None:
        """What units of a product cost us; None where that is unknown, or has been deleted with the product."""
        if product.cost is None or (shop_id, product.product_id) in self._withdrawn:
            return None
        return self.converted(product.cost * quantity, "EUR", day)

    def converted(self, amount: int, currency: str, day: date) -> Decimal | None:
        """Minor units of a currency in the reporting currency, at the day's rate."""
        return self._converter.convert(major(amount, currency), currency, day)
