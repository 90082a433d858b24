"""Stripe's invoices: their lines with discounts and taxes, and the payment intents that pay them."""

from datetime import datetime

from sandbox.vendors.stripe.bills import Bill, BilledLine, Item, number, seconds
from sandbox.vendors.stripe.objects import address, empty, name

INLINE_LINES = 10  # an invoice holds no more of its lines, the rest is asked for

# What is the same in every invoice.
FIXED_PARTS: Item = empty(
    "account_tax_ids application automatically_finalizes_at custom_fields customer_account customer_shipping "
    "default_payment_method default_source due_date ending_balance footer from_invoice hosted_invoice_url invoice_pdf "
    "last_finalization_error latest_revision next_payment_attempt on_behalf_of parent receipt_number rendering "
    "shipping_details statement_descriptor subscription test_clock total_pretax_credit_amounts webhooks_delivered_at"
) | {
    "object": "invoice",
    "account_country": "FR",
    "account_name": "La boutique",
    "amount_overpaid": 0,
    "auto_advance": False,
    "billing_reason": "manual",
    "collection_method": "charge_automatically",
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_tax_rates": [],
    "discounts": [],
    "issuer": {"type": "self"},
    "payment_settings": empty("default_mandate payment_method_options payment_method_types"),
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "starting_balance": 0,
}


def invoice(bill: Bill, now: datetime) -> Item:
    """An invoice: finalised when the order is placed, then paid, voided or left open."""
    order, paid = bill.order, bill.is_paid(now)
    placed_at = seconds(order.placed_at)
    return (
        FIXED_PARTS
        | _amounts(bill, paid)
        | _payer(bill)
        | {
            "id": bill.invoice_id,
            "attempted": bill.failed_at is not None or paid,
            "attempt_count": (bill.failed_at is not None) + paid,
            "automatic_tax": _automatic_tax(order.is_tax_known),
            "created": placed_at,
            "currency": order.currency.lower(),
            "description": f"{name(bill.person)}: {order.order_id}",
            "effective_at": placed_at,
            "lines": {
                "object": "list",
                "data": [line(bill, one) for one in bill.lines[:INLINE_LINES]],
                "has_more": len(bill.lines) > INLINE_LINES,
                "url": f"/v1/invoices/{bill.invoice_id}/lines",
            },
            "livemode": bill.is_live,
            "metadata": {"order": order.order_id},
            "number": f"{number(order.order_id):08X}-0001",
            "period_end": placed_at,
            "period_start": placed_at,
            "status": _status(bill, now),
            "status_transitions": {
                "finalized_at": placed_at,
                "marked_uncollectible_at": None,
                "paid_at": seconds(order.paid_at) if paid else None,
                "voided_at": seconds(order.voided_at) if bill.is_voided(now) else None,
            },
        }
    )


def draft(bill: Bill, now: datetime) -> Item:
    """An invoice that somebody began and has not finalised."""
    nothing_yet = empty("finalized_at marked_uncollectible_at paid_at voided_at")
    return (
        invoice(bill, now)
        | _amounts(bill, paid=False)
        | {"status": "draft", "status_transitions": nothing_yet, "attempted": False, "attempt_count": 0}
        | empty("effective_at number")
    )


def _payer(bill: Bill) -> Item:
    return {
        "customer": bill.customer_id,
        "customer_address": address(bill.person),
        "customer_email": bill.customer.email if bill.customer else None,
        "customer_name": name(bill.person),
        "customer_phone": bill.person.phone if bill.person else None,
    }


def _amounts(bill: Bill, paid: bool) -> Item:
    return {
        "amount_due": bill.total,
        "amount_paid": bill.total if paid else 0,
        "amount_remaining": 0 if paid else bill.total,
        "amount_shipping": bill.shipping,
        "shipping_cost": _shipping_cost(bill),
        "subtotal": sum(one.amount - one.discount for one in bill.lines),
        "subtotal_excluding_tax": sum(_net(bill, one) for one in bill.lines),
        "total": bill.total,
        "total_discount_amounts": [_discount(one) for one in bill.lines if one.discount],
        "total_excluding_tax": bill.total - bill.tax,
        "total_taxes": [_tax(bill, bill.tax, bill.total - bill.tax)] if bill.order.is_tax_known else None,
    }


def _status(bill: Bill, now: datetime) -> str:
    if bill.is_voided(now):
        return "void"
    return "paid" if bill.is_paid(now) else "open"


def _automatic_tax(is_computed: bool) -> Item:
    """An order whose tax is unknown was typed in without any: nothing was computed, no tax rate was set."""
    return {
        "enabled": is_computed,
        "disabled_reason": None,
        "liability": {"type": "self"} if is_computed else None,
        "provider": "stripe" if is_computed else None,
        "status": "complete" if is_computed else None,
    }


def _shipping_cost(bill: Bill) -> Item | None:
    if not bill.shipping:
        return None
    return {
        "amount_subtotal": bill.shipping - bill.shipping_tax,
        "amount_tax": bill.shipping_tax,
        "amount_total": bill.shipping,
        "shipping_rate": "shr_1Standard",
    }


def line(bill: Bill, one: BilledLine) -> Item:
    """A line of an invoice. Its amount is before discounts; taxes say whether they are inside of it."""
    at = seconds(bill.order.placed_at)
    return {
        "id": one.line_id,
        "object": "line_item",
        "amount": one.amount,
        "currency": bill.order.currency.lower(),
        "description": f"{one.quantity} × {one.name}",
        "discount_amounts": [_discount(one)] if one.discount else [],
        "discountable": True,
        "discounts": [f"di_{one.line_id}"] if one.discount else [],
        "invoice": bill.invoice_id,
        "livemode": bill.is_live,
        "metadata": {},
        "parent": {
            "invoice_item_details": {
                "invoice_item": f"ii_{one.line_id}",
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": {"start": at, "end": at},
        "pretax_credit_amounts": None,
        "pricing": {
            "price_details": {"price": f"price_{one.product_id}", "product": one.product_id},
            "type": "price_details",
            "unit_amount_decimal": str(one.amount // one.quantity),
        },
        "quantity": one.quantity,
        "quantity_decimal": str(one.quantity),
        "subscription": None,
        "subtotal": one.amount,
        "taxes": [_tax(bill, one.tax, _net(bill, one))] if bill.order.is_tax_known else None,
    }


def _net(bill: Bill, one: BilledLine) -> int:
    return one.amount - one.discount - (one.tax if bill.is_inclusive else 0)


def _discount(one: BilledLine) -> Item:
    return {"amount": one.discount, "discount": f"di_{one.line_id}"}


def _tax(bill: Bill, amount: int, taxable_amount: int) -> Item:
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if bill.is_inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": "txr_1Standard"},
        "taxability_reason": "standard_rated" if amount else "not_collecting",
        "taxable_amount": taxable_amount,
        "type": "tax_rate_details",
    }


def invoice_payment(bill: Bill, now: datetime) -> Item:
    """What ties an invoice to the payment intent that pays it."""
    paid, voided = bill.is_paid(now), bill.is_voided(now)
    return {
        "id": f"inpay_{bill.order.order_id}",
        "object": "invoice_payment",
        "amount_paid": bill.total if paid else None,
        "amount_requested": bill.total,
        "created": seconds(bill.order.placed_at),
        "currency": bill.order.currency.lower(),
        "invoice": bill.invoice_id,
        "is_default": True,
        "livemode": bill.is_live,
        "payment": {"payment_intent": bill.intent_id, "type": "payment_intent"},
        "status": "paid" if paid else "canceled" if voided else "open",
        "status_transitions": {
            "canceled_at": seconds(bill.order.voided_at) if voided else None,
            "paid_at": seconds(bill.order.paid_at) if paid else None,
        },
    }
