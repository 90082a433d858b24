-- One row per refund that went through, without the share of tax that its invoice had; null where that is unknown.
-- Of which line or units, Stripe does not say. An authorisation that is released looks like a refund, and is none.
with source as (
    select * from {{ source('stripe', 'refunds') }}
),

charges as (
    select * from {{ ref('stg_stripe__order_charges') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

currencies as (
    select * from {{ ref('stg_stripe__currencies') }}
)

select
    '' as account_id,
    source.id as refund_id,
    coalesce(charges.order_id, source.payment_intent, source.charge) as order_id,
    cast(null as varchar) as order_line_id,
    {{ from_unix('source.created') }} as refunded_at,
    cast(null as {{ money() }}) as quantity,
    -- to whole minor units, half up
    cast(
        case
            when invoices.is_tax_known and invoices.total > 0
                then
                    cast(
                        round(
                            cast(source.amount as double) * cast(invoices.total_excluding_tax as double)
                            / cast(invoices.total as double)
                        ) as bigint
                    ) * coalesce(currencies.minor_unit, 0.01)
        end as {{ money() }}
    ) as net_amount,
    net_amount as net_amount_charged,
    upper(source.currency) as currency,
    upper(source.currency) as currency_charged
from source
left join charges on source.charge = charges.charge_id
left join invoices on charges.order_id = invoices.invoice_id
left join currencies on upper(source.currency) = currencies.currency
where
    source.status = 'succeeded'
    and coalesce(source.reason != 'expired_uncaptured_charge', true)
    and coalesce(charges.is_captured, true)
