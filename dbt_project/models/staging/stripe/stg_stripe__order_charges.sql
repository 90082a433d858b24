-- One row per charge with the order that it pays: an invoice, else its payment intent, else the charge itself.
-- An intent that pays several invoices counts for the first by name; the others are paid when they say so.
with charges as (
    select * from {{ ref('stg_stripe__charges') }}
),

invoice_payments as (
    select * from {{ ref('stg_stripe__invoice_payments') }}
),

by_intent as (
    select
        payment_intent_id,
        min(invoice_id) as invoice_id
    from invoice_payments
    where payment_intent_id is not null
    group by payment_intent_id
),

by_charge as (
    select
        charge_id,
        min(invoice_id) as invoice_id
    from invoice_payments
    where charge_id is not null
    group by charge_id
)

select
    charges.charge_id,
    coalesce(by_intent.invoice_id, by_charge.invoice_id, charges.payment_intent_id, charges.charge_id) as order_id,
    charges.customer_id,
    charges.person_key,
    charges.is_paid,
    charges.is_captured,
    charges.is_test,
    charges.country,
    charges.currency,
    coalesce(charges.captured_amount, charges.amount) as captured_amount,
    charges.created_at
from charges
left join by_intent on charges.payment_intent_id = by_intent.payment_intent_id
left join by_charge on charges.charge_id = by_charge.charge_id
