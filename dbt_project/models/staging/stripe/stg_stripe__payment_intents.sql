with source as (
    select * from {{ source('stripe', 'payment_intents') }}
),

currencies as (
    select * from {{ ref('stg_stripe__currencies') }}
)

select
    -- keys
    source.id as payment_intent_id,
    source.customer as customer_id,
    nullif(source.receipt_email_key, '') as person_key,

    -- properties
    source.status,
    not coalesce(source.livemode, true) as is_test,
    upper(source.currency) as currency,
    cast(source.amount * coalesce(currencies.minor_unit, 0.01) as {{ money() }}) as amount,

    -- times
    {{ from_unix('source.created') }} as created_at,
    {{ from_unix('source.canceled_at') }} as canceled_at
from source
left join currencies on upper(source.currency) = currencies.currency
