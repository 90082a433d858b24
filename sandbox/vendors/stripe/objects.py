"""Stripe's objects around a payment: payment intents, charges, refunds, customers, products and the account."""

from datetime import datetime

from sandbox.events import Customer, Person, Product, Refund
from sandbox.vendors.stripe.bills import (
    GIFT_CARD_CODE,
    GOODS_CODE,
    TIP_CODE,
    TIP_PRODUCT,
    Bill,
    Item,
    is_undone,
    number,
    seconds,
)

ACCOUNT: Item = {
    "id": "acct_1Boutique",
    "object": "account",
    "business_profile": {
        "name": "La boutique",
        "support_phone": "+33 1 99 00 00 00",
        "url": "https://boutique.example",
    },
    "business_type": "company",
    "charges_enabled": True,
    "country": "FR",
    "created": 1_577_836_800,
    "default_currency": "eur",
    "details_submitted": True,
    "email": "compta@boutique.example",
    "metadata": {},
    "payouts_enabled": True,
    "settings": {"dashboard": {"display_name": "La boutique", "timezone": "Europe/Paris"}},
    "type": "standard",
}


FINGERPRINT = "Xt5EWLLDS7FJjR1c"  # of a card or a bank account, the same whoever pays with it


def empty(names: str) -> Item:
    """Fields that hold nothing here."""
    return dict.fromkeys(names.split())


def address(person: Person | None) -> Item:
    """A postal address, whole or empty."""
    known = {"country": person.country, "line1": person.street} if person else {}
    return empty("city country line1 line2 postal_code state") | known


def name(person: Person | None) -> str | None:
    """How a person is called."""
    return f"{person.first_name} {person.last_name}".strip() if person else None


def _shipping(person: Person | None) -> Item | None:
    if person is None:
        return None
    return {"address": address(person), "name": name(person), "phone": person.phone}


def intent(bill: Bill, now: datetime) -> Item:
    """A payment intent, which takes at most one successful charge."""
    charged = bill.charged_at is not None and bill.charged_at <= now
    failed = bill.failed_at is not None and bill.failed_at <= now
    return empty(
        "application application_fee_amount customer_account excluded_payment_method_types last_payment_error "
        "managed_payments next_action on_behalf_of payment_method payment_method_configuration_details processing "
        "review setup_future_usage source statement_descriptor statement_descriptor_suffix transfer_data "
        "transfer_group"
    ) | {
        "id": bill.intent_id,
        "object": "payment_intent",
        "amount": bill.total,
        "amount_capturable": bill.total if bill.is_authorised(now) else 0,
        "amount_details": {"tip": {}},
        "amount_received": bill.total if bill.is_paid(now) else 0,
        "automatic_payment_methods": {"enabled": True},
        "canceled_at": seconds(bill.order.voided_at) if bill.is_voided(now) else None,
        "cancellation_reason": "requested_by_customer" if bill.is_voided(now) else None,
        "capture_method": "manual" if bill.order.voided_at or bill.way == "hold" else "automatic",
        "client_secret": f"{bill.intent_id}_secret_{number(bill.intent_id):x}",
        "confirmation_method": "automatic",
        "created": seconds(bill.order.placed_at),
        "currency": bill.order.currency.lower(),
        "customer": bill.customer_id,
        "description": f"{name(bill.person)}: {bill.order.order_id}",
        "latest_charge": bill.charge_id if charged else _latest_failure(bill, failed),
        "livemode": bill.is_live,
        "metadata": {"order": bill.order.order_id},
        "payment_method_options": {},
        "payment_method_types": ["sepa_debit" if _is_debit(bill) else "card"],
        "receipt_email": _receipt_email(bill),
        "shipping": _shipping(bill.person),
        "status": _status(bill, now),
    }


def _status(bill: Bill, now: datetime) -> str:
    if bill.is_voided(now):
        return "canceled"
    if bill.is_paid(now):
        return "succeeded"
    if bill.is_pending(now):
        return "processing"
    return "requires_capture" if bill.is_authorised(now) else "requires_payment_method"


def _is_debit(bill: Bill) -> bool:
    return bill.way == "debit" or bill.returned_at is not None


def _latest_failure(bill: Bill, is_declined: bool) -> str | None:
    if bill.returned_at:
        return f"{bill.charge_id}-returned"
    return f"{bill.charge_id}-declined" if is_declined else None


def _receipt_email(bill: Bill) -> str | None:
    """Some pages ask for an address to send the receipt to, others for one of the payer."""
    return bill.order.email or None if number(bill.order.order_id) % 3 == 0 else None


def charge(bill: Bill, now: datetime) -> Item:
    """The attempt that goes well: at once, or when the bank has answered, or when what is held has been captured."""
    given_back, is_pending = bill.given_back(now), bill.is_pending(now)
    is_captured = bill.order.voided_at is None and not bill.is_authorised(now)
    return _attempt(bill) | {
        "id": bill.charge_id,
        "amount_captured": bill.total if is_captured else 0,
        "amount_refunded": given_back,
        "captured": is_captured,
        "created": seconds(bill.charged_at),
        "paid": not is_pending,
        "refunded": given_back == bill.total,
        "status": "pending" if is_pending else "succeeded",
    }


def returned(bill: Bill, now: datetime) -> Item:
    """A debit that the bank returns after some days."""
    is_pending = bill.is_pending(now)
    return _attempt(bill) | {
        "id": f"{bill.charge_id}-returned",
        "amount_captured": bill.total if is_pending else 0,
        "amount_refunded": 0,
        "captured": is_pending,
        "created": seconds(bill.order.placed_at),
        "failure_code": None if is_pending else "insufficient_funds",
        "failure_message": None if is_pending else "The customer's account has insufficient funds.",
        "paid": False,
        "refunded": False,
        "status": "pending" if is_pending else "failed",
    }


def declined(bill: Bill, now: datetime) -> Item:
    """An attempt that failed."""
    return _attempt(bill) | {
        "id": f"{bill.charge_id}-declined",
        "amount_captured": 0,
        "amount_refunded": 0,
        "captured": False,
        "created": seconds(bill.failed_at),
        "failure_code": "card_declined",
        "failure_message": "Your card was declined.",
        "paid": False,
        "refunded": False,
        "status": "failed",
    }


def _attempt(bill: Bill) -> Item:
    receipt_email = _receipt_email(bill)
    email = None if receipt_email else bill.order.email or None
    card = {"brand": "visa", "country": "FR", "exp_month": 8, "exp_year": 2030, "fingerprint": FINGERPRINT}
    debit = {"bank_code": "20041", "country": "FR", "fingerprint": FINGERPRINT}
    return empty(
        "application application_fee application_fee_amount balance_transaction calculated_statement_descriptor "
        "failure_balance_transaction failure_code failure_message on_behalf_of receipt_number receipt_url review "
        "source source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
    ) | {
        "object": "charge",
        "amount": bill.total,
        "billing_details": {
            "address": address(bill.person),
            "email": email,
            "name": name(bill.person),
            "phone": bill.person.phone if bill.person else None,
            "tax_id": None,
        },
        "currency": bill.order.currency.lower(),
        "customer": bill.customer_id,
        "description": f"{name(bill.person)}: {bill.order.order_id}",
        "disputed": False,
        "fraud_details": {},
        "livemode": bill.is_live,
        "metadata": {"order": bill.order.order_id},
        "outcome": empty("advice_code network_advice_code network_decline_code network_status reason seller_message")
        | {"type": "authorized"},
        "payment_intent": bill.intent_id,
        "payment_method": f"pm_{bill.order.order_id}",
        "payment_method_details": (
            {"sepa_debit": debit, "type": "sepa_debit"} if _is_debit(bill) else {"card": card, "type": "card"}
        ),
        "receipt_email": receipt_email,
        "shipping": _shipping(bill.person),
    }


def refund(bill: Bill, event: Refund, now: datetime) -> Item:
    """Money given back, tax included; of what, Stripe does not know. It fails when it cannot be delivered."""
    failure = {"status": "failed", "failure_reason": "lost_or_stolen_card"} if is_undone(event, now) else {}
    return (
        _refund(bill)
        | {
            "id": f"re_{event.refund_id}",
            "amount": event.amount + event.tax,
            "created": seconds(event.happened_at),
            "reason": "requested_by_customer",
        }
        | failure
    )


def release(bill: Bill, now: datetime) -> Item:
    """An authorisation that is given up looks like a refund of all."""
    return _refund(bill) | {
        "id": f"re_{bill.order.order_id}-released",
        "amount": bill.total,
        "created": seconds(bill.order.voided_at),
        "reason": None,
    }


def _refund(bill: Bill) -> Item:
    return empty(
        "balance_transaction customer_account payment_method receipt_number source_transfer_reversal transfer_reversal"
    ) | {
        "object": "refund",
        "charge": bill.charge_id,
        "currency": bill.order.currency.lower(),
        "customer": bill.customer_id,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {"order": bill.order.order_id},
        "payment_intent": bill.intent_id,
        "status": "succeeded",
    }


def customer(one: Customer, person: Person | None, is_live: bool) -> Item:
    """A customer, from the day on which their account was made in the shop."""
    return empty("currency default_source description discount test_clock") | {
        "id": f"cus_{one.customer_id}",
        "object": "customer",
        "address": address(person),
        "balance": 0,
        "created": seconds(one.created_at),
        "delinquent": False,
        "email": one.email,
        "invoice_prefix": f"{number(one.customer_id):08X}",
        "invoice_settings": empty("custom_fields default_payment_method footer rendering_options"),
        "livemode": is_live,
        "metadata": {"shop": one.shop_id},
        "name": name(person),
        "next_invoice_sequence": 1,
        "phone": person.phone if person else None,
        "preferred_locales": ["fr"],
        "shipping": _shipping(person),
        "tax_exempt": "none",
    }


def product(one: Product, created_at: datetime, is_live: bool) -> Item:
    """A product under the shop's own id; its tax code tells a gift card from goods."""
    code = {"gift_card": GIFT_CARD_CODE, "tip": TIP_CODE}.get(one.kind, GOODS_CODE)
    return empty("default_price description package_dimensions shippable statement_descriptor unit_label url") | {
        "id": one.product_id,
        "object": "product",
        "active": True,
        "created": seconds(created_at),
        "images": [],
        "livemode": is_live,
        "marketing_features": [],
        "metadata": {},
        "name": one.name,
        "tax_code": code,
        "type": "good",
        "updated": seconds(created_at),
    }


TIP = Product(TIP_PRODUCT, "Tip", "tip", 0, None)
