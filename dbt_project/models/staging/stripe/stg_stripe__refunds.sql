-- One row per refund that went through, per dispute that was lost, and per credit note after payment, of what no refund
-- gives back; without the share of tax that its invoice had, null where that is unknown. Of which line or units, Stripe
-- does not say, nor when a dispute was lost: the bank takes the money when it is opened. An authorisation that is
-- released looks like a refund, and is none.
with credit_notes as (
    select * from {{ source('stripe', 'credit_notes') }}
),

charges as (
    select * from {{ ref('stg_stripe__order_charges') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

currencies as (
    select * from {{ ref('stg_stripe__currencies') }}
),

refunds_of_notes as (
    select
        credit_notes.id,
        sum(cast({{ json_text('refunds.refund', 'amount_refunded') }} as bigint)) as amount
    from credit_notes, unnest(cast(json_extract(credit_notes.refunds, '$[*]') as json[])) as refunds (refund)
    where {{ json_text('refunds.refund', 'refund') }} is not null
    group by credit_notes.id
),

given_back as (
    select
        id,
        charge,
        payment_intent,
        cast(null as varchar) as invoice,
        currency,
        amount,
        created
    from {{ source('stripe', 'refunds') }}
    where
        status = 'succeeded'
        and coalesce(reason != 'expired_uncaptured_charge', true)
    union all
    select
        id,
        charge,
        payment_intent,
        cast(null as varchar) as invoice,
        currency,
        amount,
        created
    from {{ source('stripe', 'disputes') }}
    where status = 'lost'
    union all
    select
        credit_notes.id,
        cast(null as varchar) as charge,
        cast(null as varchar) as payment_intent,
        credit_notes.invoice,
        credit_notes.currency,
        coalesce(
            credit_notes.post_payment_amount,
            case when credit_notes.type = 'post_payment' then credit_notes.amount else 0 end
        ) - coalesce(refunds_of_notes.amount, 0) as amount,
        credit_notes.created
    from credit_notes
    left join refunds_of_notes on credit_notes.id = refunds_of_notes.id
    where
        credit_notes.voided_at is null
        and coalesce(credit_notes.status != 'void', true)
),

of_orders as (
    select
        given_back.*,
        coalesce(
            given_back.invoice, charges.order_id, given_back.payment_intent, given_back.charge
        ) as order_id
    from given_back
    left join charges on given_back.charge = charges.charge_id
    where
        given_back.amount > 0
        and coalesce(charges.is_captured, true)
)

select
    '' as account_id,
    of_orders.id as refund_id,
    of_orders.order_id,
    cast(null as varchar) as order_line_id,
    {{ from_unix('of_orders.created') }} as refunded_at,
    cast(null as {{ money() }}) as quantity,
    -- to whole minor units, half up
    cast(
        case
            when invoices.is_tax_known and invoices.total > 0
                then
                    cast(
                        round(
                            cast(of_orders.amount as double) * cast(invoices.total_excluding_tax as double)
                            / cast(invoices.total as double)
                        ) as bigint
                    ) * coalesce(currencies.minor_unit, 0.01)
        end as {{ money() }}
    ) as net_amount,
    net_amount as net_amount_charged,
    upper(of_orders.currency) as currency,
    upper(of_orders.currency) as currency_charged
from of_orders
left join invoices on of_orders.order_id = invoices.invoice_id
left join currencies on upper(of_orders.currency) = currencies.currency
