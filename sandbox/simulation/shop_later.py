"""What becomes of orders after they were placed: edits, exchanges, deposits, fees that are kept, imports."""

from dataclasses import replace
from datetime import timedelta

from sandbox.events import Order, OrderLine, Refund
from sandbox.simulation.setting import Setting

# Every so many orders of the shop that edits them, counted apart for each kind.
EVERY = 9
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SET_TO_REFUNDED_EVERY = 30  # of the paid orders of the shop that does not edit any
KINDS = ("added", "exchanged", "removed", "deposit", "imported", "bought more", "without lines", "kept", "none")


def changed_later(
    setting: Setting, orders: list[Order], lines: list[OrderLine], refunds: list[Refund], shop_id: str
) -> tuple[list[Order], list[OrderLine], list[Refund]]:
    """The same with what happened to a shop's orders since; each delay has a generator of its own."""
    given_back = {one.order_id for one in refunds}
    ours = [one for one in orders if one.shop_id == shop_id and not one.is_test and not one.voided_at]
    fates = {one.order_id: KINDS[number % EVERY] for number, one in enumerate(ours)}
    first = {line.order_id: line for line in reversed(lines)}
    changed_orders = [_order(setting, one, fates.get(one.order_id, ""), first) for one in orders]
    for one in changed_orders:
        fate = "" if one.paid_at is None or one.order_id in given_back else fates.get(one.order_id, "")
        _change_lines(setting, one, fate, first[one.order_id], lines, refunds)
    return changed_orders, lines, [_kept(one, fates) for one in refunds]


def _order(setting: Setting, order: Order, fate: str, first: dict[str, OrderLine]) -> Order:
    later = timedelta(days=setting.random("later", order.order_id).randint(2, 9))
    line = first[order.order_id]
    worth = line.unit_price * line.quantity - line.discount
    if fate == "deposit" and order.paid_at is None and worth > 3:
        return replace(order, deposit=worth // 3, deposit_returned_at=order.placed_at + later)
    if fate == "imported" and order.paid_at and not order.transaction_id:
        return replace(order, imported_at=max(order.paid_at, order.placed_at) + later, paid_at=order.placed_at)
    return order


def _change_lines(
    setting: Setting, order: Order, fate: str, line: OrderLine, lines: list[OrderLine], refunds: list[Refund]
) -> None:
    if order.paid_at is None or line.unit_price * line.quantity == line.discount:
        return
    later = order.paid_at + timedelta(days=setting.random("edited", order.order_id).randint(2, 20))
    other = replace(line, line_id=f"{line.line_id}x")
    if fate == "added":
        lines.append(replace(other, added_at=later))
    if fate == "exchanged":
        lines[lines.index(line)] = replace(line, removed_at=later)
        lines.append(replace(other, added_at=later))
    if fate == "removed" and order.paid_at > order.placed_at + HOUR:
        lines.append(replace(other, removed_at=order.placed_at + HOUR))
    if fate == "bought more" and order.paid_at > order.placed_at + HOUR:
        lines.append(replace(other, added_at=order.placed_at + HOUR))
    if fate == "without lines":
        refunds.append(Refund(f"R{len(refunds) + 1}", order.order_id, "", later, 0, 100, 0))


def _kept(refund: Refund, fates: dict[str, str]) -> Refund:
    """A fifth of what comes back is kept, of some."""
    if fates.get(refund.order_id) != "kept" or refund.amount < 10:
        return refund
    fee = refund.amount // 5
    return replace(refund, amount=refund.amount - fee, kept=fee)


def set_to_refunded(
    setting: Setting, orders: list[Order], lines: list[OrderLine], refunds: list[Refund], shop_id: str
) -> list[Refund]:
    """The refunds with those of some orders, all of whose money is given back at once, for no line."""
    given_back = {one.order_id for one in refunds}
    ours = [
        one
        for one in orders
        if one.shop_id == shop_id and one.paid_at and one.is_tax_known and one.order_id not in given_back
        if not (one.is_test or one.voided_at or one.cancelled_at or one.deleted_at)
    ]
    return [*refunds, *(_whole(setting, one, lines, n) for n, one in enumerate(ours[7::SET_TO_REFUNDED_EVERY]))]


def _whole(setting: Setting, order: Order, lines: list[OrderLine], number: int) -> Refund:
    own = [line for line in lines if line.order_id == order.order_id]
    tax = sum(line.tax for line in own) + order.shipping_tax
    paid = sum(line.unit_price * line.quantity - line.discount for line in own)
    paid += order.shipping + order.fee + order.tip  # prices hold the tax
    later = timedelta(days=setting.random("set to refunded", order.order_id).randint(2, 20))
    paid_at = order.paid_at or order.placed_at
    return Refund(f"R{90_000 + number}", order.order_id, "", paid_at + later, 0, paid - tax, tax)
