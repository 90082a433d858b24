"""What becomes of some payments on Stripe alone: disputes, and credit notes of paid invoices."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sandbox.vendors.stripe.bills import Bill, Item, number, seconds
from sandbox.vendors.stripe.objects import empty

DISPUTED_EVERY, DISPUTED_AFTER, DECIDED_AFTER = 40, timedelta(days=10), timedelta(days=70)
CREDITED_EVERY, CREDITED_AFTER = 30, timedelta(days=6)  # to the customer's balance
NOTED_EVERY = 3  # of the refunds of an invoice: by a credit note that names the refund
VOIDED_EVERY, VOIDED_AFTER = 5, timedelta(days=1)


@dataclass(frozen=True)
class Made:
    """An object that is made at an instant, and how it looks at another."""

    at: datetime
    object_id: str
    look: partial[Item]


def disputes(bill: Bill) -> Iterator[Made]:
    """The bank takes back what a payer contests, and gives it again if the shop wins."""
    at, key = bill.charged_at, number(f"dispute {bill.order.order_id}")
    if at and not bill.order.voided_at and not bill.refunds and key % DISPUTED_EVERY == 0:
        yield Made(at + DISPUTED_AFTER, f"dp_{bill.order.order_id}", partial(_dispute, bill, at, key))


def _dispute(bill: Bill, charged_at: datetime, key: int, now: datetime) -> Item:
    is_decided = charged_at + DECIDED_AFTER <= now
    is_lost = key // DISPUTED_EVERY % 2 == 0
    taken = seconds(charged_at + DISPUTED_AFTER)
    moves = [{"amount": -bill.total, "created": taken, "type": "adjustment"}]
    if is_decided and not is_lost:
        back = seconds(charged_at + DECIDED_AFTER)
        moves.append({"amount": bill.total, "created": back, "type": "adjustment"})
    return {
        "id": f"dp_{bill.order.order_id}",
        "object": "dispute",
        "amount": bill.total,
        "balance_transactions": moves,
        "charge": bill.charge_id,
        "created": taken,
        "currency": bill.order.currency.lower(),
        "enhanced_eligibility_types": [],
        "evidence": empty("customer_email_address customer_name customer_purchase_ip receipt uncategorized_text"),
        "evidence_details": {"due_by": taken, "has_evidence": True, "past_due": False, "submission_count": 1},
        "is_charge_refundable": False,
        "livemode": bill.is_live,
        "metadata": {},
        "payment_intent": bill.intent_id,
        "reason": "product_not_received",
        "status": ("lost" if is_lost else "won") if is_decided else "under_review",
    }


def credit_notes(bill: Bill) -> Iterator[Made]:
    """Those of a paid invoice: some say again what a refund gives back, some credit the customer's balance."""
    paid_at = bill.order.paid_at
    if paid_at is None or bill.order.voided_at or not bill.total:
        return
    for one in bill.refunds:
        if number(one.refund_id) % NOTED_EVERY == 0:
            gives = {"amount_refunded": one.amount + one.tax, "refund": f"re_{one.refund_id}", "type": "refund"}
            look = partial(_note, bill, one.refund_id, one.happened_at, one.amount + one.tax, [gives])
            yield Made(one.happened_at, f"cn_{one.refund_id}", look)
    if not bill.refunds and number(f"credit {bill.order.order_id}") % CREDITED_EVERY == 0:
        at = paid_at + CREDITED_AFTER
        yield Made(
            at, f"cn_{bill.order.order_id}", partial(_note, bill, bill.order.order_id, at, bill.total // 10 or 1, [])
        )


def _note(bill: Bill, name: str, at: datetime, amount: int, refunds: list[Item], now: datetime) -> Item:
    is_voided = not refunds and number(name) % VOIDED_EVERY == 0 and at + VOIDED_AFTER <= now
    return empty("customer_account effective_at memo out_of_band_amount shipping_cost total_taxes") | {
        "id": f"cn_{name}",
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": seconds(at),
        "currency": bill.order.currency.lower(),
        "customer": bill.customer_id,
        "customer_balance_transaction": None if refunds else f"cbtxn_{name}",
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice": bill.invoice_id,
        "livemode": bill.is_live,
        "metadata": {},
        "number": f"{number(name):08X}-CN-01",
        "pdf": f"https://pay.stripe.com/credit_notes/{name}/pdf",
        "post_payment_amount": amount,
        "pre_payment_amount": 0,
        "pretax_credit_amounts": [],
        "reason": "order_change",
        "refunds": refunds,
        "status": "void" if is_voided else "issued",
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "type": "post_payment",
        "voided_at": seconds(at + VOIDED_AFTER) if is_voided else None,
    }
