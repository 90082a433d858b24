-- What an invoice is paid by: a payment intent or, without one, a charge.
with source as (
    select * from {{ source('stripe', 'invoice_payments') }}
)

select
    id as invoice_payment_id,
    invoice as invoice_id,
    status,
    payment__type as payment_type,
    payment__payment_intent as payment_intent_id,
    payment__charge as charge_id,
    {{ from_unix('created') }} as created_at
from source
