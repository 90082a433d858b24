-- Tax is known where the invoice charges some, Stripe has computed that there is none, or the customer owes none.
-- An invoice without any may be of a shop whose prices hold a tax that Stripe was not told of.
with source as (
    select * from {{ source('stripe', 'invoices') }}
),

currencies as (
    select * from {{ ref('stg_stripe__currencies') }}
)

select
    -- keys
    source.id as invoice_id,
    source.customer as customer_id,
    nullif(source.customer_email_key, '') as person_key,

    -- properties
    source.status,
    not coalesce(source.livemode, true) as is_test,
    upper(source.customer_address__country) as country,
    upper(source.currency) as currency,
    coalesce(json_array_length(source.total_taxes), 0) > 0
    or coalesce(source.automatic_tax__status = 'complete', false)
    or coalesce(source.customer_tax_exempt in ('exempt', 'reverse'), false) as is_tax_known,

    -- amounts
    cast(source.total * coalesce(currencies.minor_unit, 0.01) as {{ money() }}) as total,
    cast(source.total_excluding_tax * coalesce(currencies.minor_unit, 0.01) as {{ money() }}) as total_excluding_tax,
    cast(
        coalesce(source.pre_payment_credit_notes_amount, 0) * coalesce(currencies.minor_unit, 0.01) as {{ money() }}
    ) as credited_before_payment,
    cast(
        coalesce(source.amount_due, source.total - coalesce(source.pre_payment_credit_notes_amount, 0))
        * coalesce(currencies.minor_unit, 0.01) as {{ money() }}
    ) as amount_due,
    cast(
        (source.shipping_cost__amount_total - coalesce(source.shipping_cost__amount_tax, 0))
        * coalesce(currencies.minor_unit, 0.01) as {{ money() }}
    ) as shipping_excluding_tax,

    -- times
    {{ from_unix('source.created') }} as created_at,
    {{ from_unix('source.status_transitions__paid_at') }} as paid_at,
    {{ from_unix('source.status_transitions__voided_at') }} as voided_at
from source
left join currencies on upper(source.currency) = currencies.currency
