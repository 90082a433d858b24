"""Stripe's raw tables: their columns, how long their rows change, and what is deleted.

https://docs.stripe.com/api
"""

import pyarrow as pa

from pipelines.connector import Table, columns

# The lists are filtered by creation alone, so what changes later is found by asking again for this long.
SETTLING_DAYS = 35  # bank debits and refunds pend for weeks, an authorisation can be captured for 31 days
OPEN_DAYS = 100  # an invoice changes until it is paid, often 60 days after; a charge tells of a payment later still
ADDRESS_DAYS = 100  # an address is corrected, or a customer deleted, at any time; mostly soon
AS_NOW = 1  # asked whole every time: names change, and the vendor does not say when

DISPUTE_DAYS = 150  # banks decide a dispute two or three months after it was opened, some later
LISTS = ("total_taxes", "discount_amounts", "taxes", "refunds")  # kept as the vendor's lists
NUMBER, FLAG = pa.int64(), pa.bool_()


def _table(
    schema: pa.Schema,
    reread_days: int,
    *,
    key: tuple[str, ...] = ("id",),
    dated_by: tuple[str, ...] = ("created",),
    sometimes: tuple[str, ...] = (),
    listed_by: str = "",
    in_steps: bool = True,
    **emails: str,
) -> Table:
    """A list. Stripe sends every field of an object, null where it has nothing, but for those of some kinds only."""
    required = tuple(name for name in schema.names if name not in sometimes)
    return Table(
        schema,
        key,
        "entities",
        reread_days,
        nested=tuple(name for name in schema.names if name in LISTS),
        inside=dict.fromkeys(("amount", "amount_refunded"), NUMBER)
        | dict.fromkeys(("tax_behavior", "type", "refund"), pa.string()),
        emails=emails,
        required=required,
        dated_by=dated_by,
        listed_by=listed_by,
        in_steps=in_steps,
    )


TABLES = {
    # Charges, payment intents and refunds are never deleted: what comes to nothing says so in its status.
    "charges": _table(
        columns(
            *("id", "payment_intent", "customer", "status", "currency", "billing_details__address__country"),
            *("billing_email_key", "receipt_email_key"),
            amount=NUMBER,
            amount_captured=NUMBER,
            created=NUMBER,
            captured=FLAG,
            paid=FLAG,
            livemode=FLAG,
        ),
        SETTLING_DAYS,
        sometimes=("paid",),
        billing_email_key="billing_details__email",
        receipt_email_key="receipt_email",
    ),
    "payment_intents": _table(
        columns(
            *("id", "customer", "status", "currency", "receipt_email_key"),
            amount=NUMBER,
            created=NUMBER,
            canceled_at=NUMBER,
            livemode=FLAG,
        ),
        SETTLING_DAYS,
        receipt_email_key="receipt_email",
    ),
    # A draft can be deleted; what was finalised is voided instead.
    "invoices": _table(
        columns(
            *("id", "customer", "status", "currency", "customer_address__country", "customer_email_key"),
            *("customer_tax_exempt", "automatic_tax__status", "total_taxes"),
            total=NUMBER,
            total_excluding_tax=NUMBER,
            amount_due=NUMBER,
            pre_payment_credit_notes_amount=NUMBER,
            shipping_cost__amount_total=NUMBER,
            shipping_cost__amount_tax=NUMBER,
            created=NUMBER,
            status_transitions__paid_at=NUMBER,
            status_transitions__voided_at=NUMBER,
            livemode=FLAG,
        ),
        OPEN_DAYS,
        dated_by=("status_transitions__paid_at", "created"),
        sometimes=("amount_due", "pre_payment_credit_notes_amount"),  # nothing was credited where they are not told
        listed_by="created",
        customer_email_key="customer_email",
    ),
    # Of finalised invoices, whose lines stay. What begins with "invoice" is the invoice's.
    "invoice_lines": _table(
        columns(
            *("invoice", "id", "currency", "pricing__price_details__product", "quantity_decimal"),
            *("discount_amounts", "taxes"),
            amount=NUMBER,
            quantity=NUMBER,
            invoice_created=NUMBER,
            invoice_paid_at=NUMBER,
        ),
        OPEN_DAYS,
        key=("invoice", "id"),
        dated_by=("invoice_paid_at", "invoice_created"),
        sometimes=("pricing__price_details__product",),
    ),
    # What an invoice is paid by: charges and payment intents no longer name their invoice.
    "invoice_payments": _table(
        columns(
            *("id", "invoice", "status", "payment__type", "payment__payment_intent", "payment__charge"),
            amount_paid=NUMBER,
            created=NUMBER,
            status_transitions__paid_at=NUMBER,
        ),
        OPEN_DAYS,
        dated_by=("status_transitions__paid_at", "created"),
        sometimes=("payment__payment_intent", "payment__charge"),
    ),
    "refunds": _table(
        columns(
            *("id", "charge", "payment_intent", "status", "reason", "currency"),
            amount=NUMBER,
            created=NUMBER,
        ),
        SETTLING_DAYS,
    ),
    # What a bank takes back when a payer contests a payment, unless it is won.
    "disputes": _table(
        columns(
            *("id", "charge", "payment_intent", "status", "currency"),
            amount=NUMBER,
            created=NUMBER,
        ),
        DISPUTE_DAYS,
    ),
    # What an invoice was too high by. Before payment it lowers what is due; after, it is given back: by refunds, which
    # are listed as such, as credit for later invoices, or outside of Stripe. One can be voided.
    "credit_notes": _table(
        columns(
            *("id", "invoice", "status", "type", "currency", "refunds"),
            amount=NUMBER,
            post_payment_amount=NUMBER,
            created=NUMBER,
            voided_at=NUMBER,
        ),
        OPEN_DAYS,
        sometimes=("type", "refunds", "post_payment_amount"),
    ),
    "customers": _table(
        columns("id", "email_key", created=NUMBER, livemode=FLAG),
        ADDRESS_DAYS,
        in_steps=False,
        listed_by="created",
        email_key="email",
    ),
    # One that has been sold can be archived, not deleted; one that never was is named by no line.
    "products": _table(
        columns("id", "name", "tax_code", created=NUMBER, updated=NUMBER, active=FLAG),
        AS_NOW,
        in_steps=False,
        dated_by=(),
    ),
}

# The statuses that are understood, where a row of another one counts for nothing and that must be told: no second field
# decides. It does elsewhere: the times of an invoice, an intent or a credit note, what a charge says that it captured.
DECISIVE = {
    "charges": frozenset({"succeeded", "pending", "failed"}),  # of another one, `paid` tells
    "refunds": frozenset({"pending", "requires_action", "succeeded", "failed", "canceled"}),
    "disputes": frozenset(
        {
            *("warning_needs_response", "warning_under_review", "warning_closed", "needs_response", "under_review"),
            *("won", "lost", "prevented", "charge_refunded"),
        }
    ),
}
