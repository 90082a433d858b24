"""WooCommerce orders and their refunds as they stand at an instant."""

import html
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sandbox.events import Order, OrderLine, Person, Product, Refund
from sandbox.vendors.woocommerce.values import Row, address, dates, money, number_of

NINTH = 9  # every ninth order by number is paid in cash on delivery
# What plugins and people do to some orders, by number; the thirteenths are counted apart from cash.
THIRTEENTH = 13
TRANSFER, SPLIT, NEGATIVE_FEE, PLUGIN_STATUS = 5, 8, 9, 11
PACKED, PART_PAID = "packed", "partially-paid"  # statuses that plugins add
REDUCTION_NAME = "Remise fidélité"
SENT_AFTER = timedelta(days=2)  # an order paid before is completed when it is sent
TRASHED_AFTER = timedelta(days=14)  # an order that nobody has paid
KEPT_IN_TRASH = timedelta(days=30)
DELETED_AT_ONCE = 3  # every third order by number, of those that somebody deletes, goes past the trash
RATE_ID = 1
TIP_NAME, FEE_NAME = "Pourboire", "Frais de dossier"
OPT_IN_KEY, TEST_KEY = "_newsletter", "_test_mode"
NOBODY = Person(0, "", (), "", "", "", "", "")


@dataclass(frozen=True)
class Shown:
    """A thing as of an instant: what lists are filtered and sorted by, and how to write it out."""

    number: int
    created_at: datetime
    modified_at: datetime
    item: Callable[[], Row]
    status: str = ""
    name: str = ""


def line_number(order: Order, position: int) -> int:
    """The id of an order's line, by its position in the order; unlike that of any other order's line."""
    return number_of(order.order_id) * 1000 + position


@dataclass(frozen=True)
class Placed:
    """An order with what belongs to it."""

    order: Order
    lines: list[OrderLine]
    refunds: list[Refund]
    person: Person
    products: dict[str, Product]
    prices_include_tax: bool
    zone: ZoneInfo
    account_deleted_at: datetime | None = None
    part: int = 0  # of an order that a marketplace has split by vendor

    @property
    def number(self) -> int:
        """Its id, which for a part is one of its own."""
        return number_of(self.order.order_id) * (100 if self.part else 1) + self.part

    @property
    def is_cash(self) -> bool:
        """Whether it is paid in cash on delivery."""
        return number_of(self.order.order_id) % NINTH == 0

    def _is(self, kind: int) -> bool:
        return not self.is_cash and number_of(self.order.order_id) % THIRTEENTH == kind

    @property
    def parts(self) -> list["Placed"]:
        """What a marketplace's plugin makes of an order of several lines: one more order for each, beside the whole."""
        if not self._is(SPLIT) or len(self.lines) < 2:
            return []
        return [replace(self, lines=[one], refunds=[], part=n) for n, one in enumerate(self.lines, start=1)]

    def shown(self, now: datetime) -> Shown | None:
        """The order as of now."""
        if self.order.placed_at > now or _by(self._emptied_at, now):
            return None
        trashed_at = _by(self._trashed_at, now)
        voided, cancelled, paid = (_by(at, now) for at in (self.order.voided_at, self.order.cancelled_at, self._paid))
        completed = _by(self._completed, now)
        refunds = [one for one in self.refunds if one.happened_at <= now]
        status = "processing" if paid or self.is_cash else "pending"
        if self._is(PLUGIN_STATUS):
            status = PACKED if paid else PART_PAID
        if completed:
            status = "completed"
        if refunds and self._is_all_given_back(refunds):
            status = "refunded"
        status = "failed" if voided else "cancelled" if cancelled else status
        status = "trash" if trashed_at else status
        times = (self.order.placed_at, paid, completed, voided, cancelled, trashed_at)
        modified_at = max(at for at in (*times, *(one.happened_at for one in refunds)) if at)
        if status == PART_PAID:
            paid = self.order.placed_at  # of the deposit: the plugin calls it the payment
        at = {"modified": modified_at, "paid": None if voided else paid, "completed": None if voided else completed}
        return Shown(
            self.number,
            self.order.placed_at,
            modified_at,
            lambda: self._item(status, at, self._refunds(now)) | self._buyer(now),
            status,
        )

    def shown_refunds(self, now: datetime) -> list[Shown]:
        """Its refunds made by now, one line each; none of an order in the trash."""
        return [
            Shown(number_of(one.refund_id), one.happened_at, one.happened_at, partial(self._refund, one))
            for one in self._refunds(now)
            if not _by(self._trashed_at, now)
        ]

    def _is_all_given_back(self, refunds: list[Refund]) -> bool:
        """By all its units or, where somebody sets its status to refunded, as one amount for no line."""
        units = sum(one.quantity for one in refunds) >= sum(line.quantity for line in self.lines)
        return units or any(not one.line_id and one.amount > self.order.shipping + 500 for one in refunds)

    def _refunds(self, now: datetime) -> list[Refund]:
        return [one for one in self.refunds if one.happened_at <= now and not _by(one.undone_at, now)]

    @property
    def _trashed_at(self) -> datetime | None:
        unpaid = None if self.order.paid_at else self.order.placed_at + TRASHED_AFTER
        return self.order.deleted_at or unpaid

    @property
    def _emptied_at(self) -> datetime | None:
        """When it is gone for good."""
        if self.order.deleted_at and number_of(self.order.order_id) % DELETED_AT_ONCE == 0:
            return self.order.deleted_at
        return self._trashed_at and self._trashed_at + KEPT_IN_TRASH

    @property
    def _paid(self) -> datetime | None:
        """WooCommerce's date of payment: cash is none, whatever is paid on delivery, nor is a transfer to the bank."""
        return None if self._is_paid_elsewhere else self.order.paid_at

    @property
    def _is_paid_elsewhere(self) -> bool:
        """Then somebody completes the order when the money is there."""
        return self.is_cash or self._is(TRANSFER)

    @property
    def _completed(self) -> datetime | None:
        if self.order.paid_at is None:
            return None
        return self.order.paid_at if self._is_paid_elsewhere else self.order.paid_at + SENT_AFTER

    def _item(self, status: str, at: dict[str, datetime | None], refunds: list[Refund]) -> Row:
        order, person = self.order, self.person
        lines = [self._line(line, position) for position, line in enumerate(self.lines, start=1)]
        shipping, fees = self._shipping(), self._fees()
        net, tax = (sum(float(one[part]) for one in (*lines, *shipping, *fees)) for part in ("total", "total_tax"))
        return {
            "id": self.number,
            "parent_id": number_of(order.order_id) if self.part else 0,
            "number": order.transaction_id or order.order_id,
            "status": status,
            "currency": order.currency,
            "prices_include_tax": self.prices_include_tax,
            **dates("created", order.placed_at, self.zone),
            **{name: value for kind, moment in at.items() for name, value in dates(kind, moment, self.zone).items()},
            "total": f"{net + tax:.2f}",
            "total_tax": f"{tax:.2f}",
            "customer_ip_address": "192.0.2.7",
            "customer_user_agent": "Mozilla/5.0 (a browser)",
            "customer_note": f"Pour {person.first_name}, merci",
            "billing": address(person) | {"email": order.email.strip(), "phone": person.phone},
            "shipping": address(person),
            **self._payment_method(),
            "meta_data": [
                {"id": 1, "key": "_gift_message", "value": f"Bon anniversaire {person.first_name}"},
                {"id": 2, "key": OPT_IN_KEY, "value": "1" if order.opted_in else ""},
                *([{"id": 3, "key": TEST_KEY, "value": "yes"}] if order.is_test else []),
            ],
            "line_items": lines,
            "tax_lines": [{"id": line_number(order, 999), "rate_id": RATE_ID}] if order.is_tax_known else [],
            "shipping_lines": shipping,
            "fee_lines": fees,
            "coupon_lines": [],
            "refunds": [
                {"id": number_of(one.refund_id), "reason": "", "total": money(-one.amount - one.tax)}
                for one in refunds
            ],
        }  # fmt: skip

    def _payment_method(self) -> Row:
        if self._is_paid_elsewhere:
            method, title = ("cod", "Paiement à la livraison") if self.is_cash else ("bacs", "Virement bancaire")
            return {"payment_method": method, "payment_method_title": title, "transaction_id": ""}
        transaction_id = f"ch_{self.order.order_id}"
        return {"payment_method": "stripe", "payment_method_title": "Carte bancaire", "transaction_id": transaction_id}

    def _buyer(self, now: datetime) -> Row:
        """An account that is deleted leaves its orders to a guest, and their date of change as it is."""
        known = self.order.customer_id and not _by(self.account_deleted_at, now)
        return {"customer_id": number_of(self.order.customer_id or "") if known else 0}

    def _line(self, line: OrderLine, position: int) -> Row:
        """`total` is after the discount and without the tax, `price` a number."""
        product = self.products.get(line.product_id)
        gross = line.quantity * line.unit_price - line.discount
        is_taxable = product is None or product.kind != "gift_card"
        reduction, its_tax = self._reduction
        amounts = self._amounts(gross + reduction, line.tax + its_tax, is_taxable)
        before = self._amounts(gross + line.discount, line.tax * (gross + line.discount) // (gross or 1), is_taxable)
        cost = product.cost if product else None
        return {
            "id": line_number(self.order, position + (500 if self.part else 0)),
            "name": html.escape(product.name, quote=False) if product else "",
            "product_id": number_of(line.product_id),
            "variation_id": 0,
            "quantity": line.quantity,
            "tax_class": "",
            "subtotal": before["total"],
            "subtotal_tax": before["total_tax"],
            **amounts,
            "meta_data": [{"id": 1, "key": "Gravure", "value": self.person.first_name}],
            "sku": line.product_id,
            "price": float(amounts["total"]) / line.quantity if line.quantity else 0,
            # A product without a cost costs nothing here: what is unknown looks like zero.
            "cost_of_goods_sold": {"value": (cost or 0) * line.quantity / 100},
        }

    def _shipping(self) -> list[Row]:
        amounts = self._amounts(self.order.shipping, self.order.shipping_tax)
        named = {"id": line_number(self.order, 901), "method_title": "Colissimo", "method_id": "flat_rate"}
        return [named | amounts | {"meta_data": []}] if self.order.shipping and not self.part else []

    def _fees(self) -> list[Row]:
        """A tip is a fee like any other but for its name, and so is what some plugins take off."""
        reduction, its_tax = self._reduction
        charged = (
            (902, FEE_NAME, self._amounts(self.order.fee, 0, is_taxable=False)),
            (903, TIP_NAME, self._amounts(self.order.tip, 0, is_taxable=False)),
            (904, REDUCTION_NAME, self._amounts(-reduction, -its_tax)),
        )
        return [
            {"id": line_number(self.order, position), "name": name, "tax_class": "", "tax_status": "none"}
            | amounts
            | {"meta_data": []}
            for position, name, amounts in charged
            if float(amounts["total"]) and not self.part
        ]

    @property
    def _reduction(self) -> tuple[int, int]:
        """What a plugin takes off by a negative fee, where others lower the price, and the tax inside of it."""
        line = self.lines[0] if len(self.lines) == 1 else None
        if line is None or not self._is(NEGATIVE_FEE):
            return 0, 0
        return line.discount, line.tax * line.discount // (line.quantity * line.unit_price - line.discount or 1)

    def _amounts(self, charged: int, tax: int, is_taxable: bool = True) -> Row:
        """Without tax where tax is worked out; else as charged, as if there were none."""
        is_taxed = self.order.is_tax_known and is_taxable
        net = charged - tax if is_taxed and self.prices_include_tax else charged
        shown = tax if is_taxed else 0
        taxes = [{"id": RATE_ID, "total": money(shown), "subtotal": money(shown)}] if is_taxed else []
        return {"total": money(net), "total_tax": money(shown), "taxes": taxes}

    def _refund(self, refund: Refund) -> Row:
        """Quantity and amounts are negative; only metadata names the order's line."""
        position = next((n for n, line in enumerate(self.lines, start=1) if line.line_id == refund.line_id), 0)
        product = self.products.get(self.lines[position - 1].product_id) if position else None
        given = refund.amount + (refund.tax if self.order.is_tax_known or self.prices_include_tax else 0)
        taxed = refund.tax if self.order.is_tax_known else 0
        line = {
            "id": number_of(refund.refund_id) * 10 + 1,
            "name": html.escape(product.name, quote=False) if product else "",
            "product_id": number_of(product.product_id) if product else 0,
            "quantity": -refund.quantity,
            "total": money(taxed - given),
            "total_tax": money(-taxed),
            "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": str(line_number(self.order, position))}],
        }
        return {
            "id": number_of(refund.refund_id),
            "parent_id": number_of(self.order.order_id),
            **dates("created", refund.happened_at, self.zone),
            "amount": money(given),
            "reason": f"{self.person.first_name} n'en veut plus",
            "refunded_by": 1,
            "refunded_payment": True,
            "meta_data": [],
            "line_items": [line] if position else [],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
        }


def _by(at: datetime | None, now: datetime) -> datetime | None:
    """A time that has come."""
    return at if at and at <= now else None
