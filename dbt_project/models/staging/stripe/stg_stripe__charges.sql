-- Attempts to take a payment. A purchase is the first that is paid; an authorisation that was never captured is not.
with source as (
    select * from {{ source('stripe', 'charges') }}
),

currencies as (
    select * from {{ ref('stg_stripe__currencies') }}
)

select
    -- keys
    source.id as charge_id,
    source.payment_intent as payment_intent_id,
    source.customer as customer_id,
    coalesce(nullif(source.billing_email_key, ''), nullif(source.receipt_email_key, '')) as person_key,

    -- properties
    source.status,
    -- of a status that nobody knows, the charge itself says whether it was paid
    coalesce(
        case
            when source.status in ('succeeded', 'pending', 'failed') then source.status = 'succeeded'
            else source.paid
        end
        and source.captured,
        false
    ) as is_paid,
    coalesce(source.captured, false) as is_captured,
    not coalesce(source.livemode, true) as is_test,
    upper(source.billing_details__address__country) as country,
    upper(source.currency) as currency,
    cast(source.amount * coalesce(currencies.minor_unit, 0.01) as {{ money() }}) as amount,
    cast(source.amount_captured * coalesce(currencies.minor_unit, 0.01) as {{ money() }}) as captured_amount,

    -- times
    {{ from_unix('source.created') }} as created_at
from source
left join currencies on upper(source.currency) = currencies.currency
