"""What Shopify writes down of an order as agreements: the sales when it was placed, edited, exchanged and given back.

https://shopify.dev/docs/api/admin-graphql/2026-10/interfaces/SalesAgreement
"""

from datetime import datetime

from sandbox.events import Order, OrderLine, Refund
from sandbox.vendors.shopify.graphql import Connection, Item
from sandbox.vendors.shopify.values import bag, gid, instant


def agreements(
    order: Order, lines: list[OrderLine], refunds: list[list[Refund]], tax_included: bool, now: datetime
) -> Connection:
    """The agreements by now, oldest first."""
    placed = [_of_line(order, line, tax_included) for line in lines if not line.added_at]
    beside = (("TIP", order.tip, 0), ("SHIPPING", order.shipping, order.shipping_tax), ("ADDITIONAL_FEE", order.fee, 0))
    placed += [
        _sale(order, f"{order.order_id} {kind}", kind, "ORDER", 1, amount + (0 if tax_included else tax), tax)
        for kind, amount, tax in beside
        if amount
    ]
    found = [_agreement(order, "OrderAgreement", "ORDER", order.imported_at or order.placed_at, placed)]
    for line in lines:
        if line.added_at and line.added_at <= now:
            sales = [_of_line(order, line, tax_included)]
            found.append(_agreement(order, "OrderEditAgreement", "ORDER_EDIT", line.added_at, sales))
    for parts in refunds:
        sales = [
            _sale(
                order, f"{one.refund_id} {one.line_id} back", "PRODUCT", "RETURN", -one.quantity,
                -(one.amount + one.kept + one.tax), -one.tax, one.line_id,
            )
            for one in parts
            if one.line_id and one.quantity
        ]  # fmt: skip
        found.append(_agreement(order, "RefundAgreement", "REFUND", parts[0].happened_at, sales))
    return Connection("SalesAgreement", sorted(found, key=lambda one: str(one["happenedAt"])))


def _of_line(order: Order, line: OrderLine, tax_included: bool) -> Item:
    amount = line.unit_price * line.quantity - line.discount + (0 if tax_included else line.tax)
    return _sale(order, line.line_id, "PRODUCT", "ORDER", line.quantity, amount, line.tax, line.line_id)


def _sale(
    order: Order, sale_id: str, kind: str, action: str, quantity: int, amount: int, tax: int, line_id: str = ""
) -> Item:
    sale: Item = {
        "__typename": "ProductSale" if line_id else "TipSale" if kind == "TIP" else "ShippingLineSale",
        "id": gid("Sale", sale_id),
        "lineType": kind,
        "actionType": action,
        "quantity": quantity,
        "totalAmount": bag(amount, order.currency),
        "totalTaxAmount": bag(tax, order.currency),
    }
    line = line_id or (f"{order.order_id} tip" if kind == "TIP" else "")
    return sale | ({"lineItem": {"__typename": "LineItem", "id": gid("LineItem", line)}} if line else {})


def _agreement(order: Order, typename: str, reason: str, happened_at: datetime, sales: list[Item]) -> Item:
    return {
        "__typename": typename,
        "id": gid("SalesAgreement", f"{order.order_id} {reason} {happened_at}"),
        "happenedAt": instant(happened_at),
        "reason": reason,
        "sales": Connection("Sale", sales),
    }
