"""Mappings of the exports that many have, as data: a feed with `preset = "…"` begins with these keys.

Which headers no document of the vendor confirms: docs/unproven.md.
"""

from typing import Any

LIVE = {"Live": "false", "live": "false", "Test": "true", "test": "true"}
OF_ADS = {"entity": "spend", "empty": ["--", " --"], "thousands": ","}

PRESETS: dict[str, dict[str, Any]] = {
    # https://help.shopify.com/manual/fulfillment/managing-orders/exporting-orders: order-level cells on the first line
    "shopify_orders": {
        "entity": "order_lines",
        "columns": {
            "order_id": "Name",
            "ordered_at": "Created at",
            "paid_at": "Paid at",
            "cancelled_at": {"column": "Cancelled at", "optional": True},
            "email_key": "Email",
            "currency": "Currency",
            "product_id": {"column": "Lineitem sku", "optional": True},
            "product_name": "Lineitem name",
            "quantity": "Lineitem quantity",
            "unit_price": "Lineitem price",
            "discount_amount": {"column": "Discount Amount", "optional": True},
            "tax_amount": "Taxes",
            # the export does not say it, its sum does
            "tax_included": {"sql": "abs(number(Subtotal) + number(Shipping) - number(Total)) < 0.01"},
            "opted_in": {"column": "Accepts Marketing", "optional": True},
            "country": {"column": "Billing Country", "optional": True},
        },
    },
    # Analytics → Orders → Download. It names no currency and no address: say the currency in `constants`
    "woocommerce_orders": {
        "entity": "orders",
        "columns": {
            "order_id": "Order #",
            "paid_at": "Date",
            "amount": ["Net Sales", "Net sales", "N. Revenue", "Net Revenue"],
            "units": {"column": ["Items sold", "Items Sold"], "optional": True},
        },
        "filters": {
            "paid": "lower(Status) in ('completed', 'processing', 'refunded')",
            # a refund is a row of its own under the number of its order
            "no refund": 'coalesce(number("Net Sales"), number("N. Revenue"), number("Net Revenue"), 0) >= 0',
        },
    },
    "stripe_payments": {
        "entity": "orders",
        "time_zone": "UTC",
        "columns": {
            "order_id": "id",
            "paid_at": ["Created date (UTC)", "Created (UTC)"],
            "amount": "Amount",
            "currency": "Currency",
            "customer_id": {"column": "Customer ID", "optional": True},
            "email_key": {"column": "Customer Email", "optional": True},
            "is_test": {"column": "Mode", "optional": True, "values": LIVE},
        },
        "thousands": ",",
        "filters": {
            "paid": "lower(Status) in "
            "('paid', 'refunded', 'partially refunded', 'partial refund', 'succeeded', 'disputed')"
        },
    },
    # Activity download. The account writes its dates in its own order: say it in `time_format`
    "paypal_activity": {
        "entity": "orders",
        "thousands": ",",
        "columns": {
            "order_id": "Transaction ID",
            "paid_at": {"column": "Date", "time": "Time"},
            "amount": "Gross",
            "currency": "Currency",
            "email_key": {"column": "From Email Address", "optional": True},
        },
        "filters": {
            "completed": "lower(Status) in ('completed', 'refunded', 'partially refunded')",
            "received": 'coalesce(number("Gross"), 1) > 0',
            # money also comes in by refunds, holds that end, exchanges of currency and deposits of one's own
            "a payment": "lower(Type) like '%payment%' "
            "and not regexp_matches(lower(Type), 'refund|reversal|hold|release|review|fee')",
        },
    },
    "google_ads": OF_ADS
    | {
        "columns": {
            "date_day": ["Day", "Jour"],
            "campaign": {"column": ["Campaign", "Campagne"], "optional": True},
            "currency": ["Currency code", "Code de devise"],
            "amount": ["Cost", "Coût"],
        },
        "constants": {"channel": "google_ads"},
    },
    # Day breakdown. The first line holds the totals of the columns, without a campaign
    "meta_ads": OF_ADS
    | {
        "columns": {
            "date_day": "Day",
            "campaign": "Campaign name",
            "amount": "Amount spent (EUR)",
        },
        "constants": {"channel": "facebook_ads", "currency": "EUR"},  # the account's: its header names it
        "filters": {"no totals": '"Campaign name" is not null'},
    },
    "meta_ads_fr": OF_ADS
    | {
        "decimal": ",",
        "thousands": "",
        "columns": {
            "date_day": "Jour",
            "campaign": "Nom de la campagne",
            "amount": "Montant dépensé (EUR)",
        },
        "constants": {"channel": "facebook_ads", "currency": "EUR"},
        "filters": {"no totals": '"Nom de la campagne" is not null'},
    },
    # Audience export, its file of subscribed contacts
    "mailchimp_contacts": {
        "entity": "leads",
        "time_zone": "UTC",
        "columns": {"email_key": ["Email Address", "Adresse e-mail"], "opted_in_at": "CONFIRM_TIME"},
    },
    # The account chooses the order of day and month: say it in `time_format` where that is not ISO
    "brevo_contacts": {
        "entity": "leads",
        "columns": {"email_key": "EMAIL", "opted_in_at": "ADDED_TIME"},
    },
    "hubspot_contacts": {
        "entity": "leads",
        "columns": {"email_key": ["Email", "E-mail"], "opted_in_at": ["Create Date", "Date de création"]},
    },
    # Results → Download. Which question is asked is yours to say: columns.score = "the question"
    "typeform_nps": {
        "entity": "nps_answers",
        "time_zone": "UTC",
        "columns": {"answer_id": ["#", "Response ID"], "answered_at": "Submit Date (UTC)"},
        "constants": {"survey": "nps"},
        "filters": {"completed": '"Submit Date (UTC)" is not null'},
    },
    "zendesk_tickets": {
        "entity": "tickets",
        "columns": {
            "ticket_id": ["Ticket ID", "ID", "Id"],
            "created_at": ["Created at", "Ticket created - Timestamp", "Requested"],
            "status": {"column": ["Ticket status", "Status"], "optional": True},
        },
    },
}
