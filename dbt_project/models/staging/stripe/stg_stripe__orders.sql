-- One row per invoice, per payment intent of no invoice, and per charge of neither. An invoice is paid when Stripe says
-- so or, where it is too old to be asked for again, when its charges reach what is due; the others at their first paid
-- charge. An invoice that asks for nothing is no sale (a credit, a trial), unless a discount took off all of a price.
with invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

intents as (
    select * from {{ ref('stg_stripe__payment_intents') }}
),

of_invoices as (
    select distinct payment_intent_id
    from {{ ref('stg_stripe__invoice_payments') }}
),

running as (
    select
        order_id,
        created_at,
        sum(captured_amount) over (partition by order_id order by created_at, charge_id) as paid_so_far
    from {{ ref('stg_stripe__order_charges') }}
    where is_paid
),

in_full as (
    select
        running.order_id,
        min(running.created_at) as paid_at
    from running
    inner join invoices on running.order_id = invoices.invoice_id
    where
        running.paid_so_far >= invoices.amount_due
        and invoices.amount_due > 0
    group by running.order_id
),

gifts as (
    select invoice_id
    from {{ ref('stg_stripe__invoice_lines') }}
    group by invoice_id
    having min(amount) >= 0 and sum(amount) > 0
),

charged as (
    select
        order_id,
        min(case when is_paid then created_at end) as paid_at,
        min(created_at) as created_at,
        arg_min(customer_id, created_at) as customer_id,
        arg_min(person_key, created_at) as person_key,
        arg_min(country, created_at) as country,
        min(currency) as currency,
        bool_or(is_test) as is_test
    from {{ ref('stg_stripe__order_charges') }}
    group by order_id
),

customers as (
    select * from {{ ref('stg_stripe__customers') }}
),

orders as (
    select
        invoices.invoice_id as order_id,
        invoices.customer_id,
        invoices.person_key,
        invoices.created_at as ordered_at,
        case
            when
                invoices.total > invoices.credited_before_payment
                or (invoices.total = 0 and gifts.invoice_id is not null)
                then coalesce(invoices.paid_at, in_full.paid_at)
        end as paid_at,
        invoices.voided_at,
        invoices.is_test,
        invoices.country,
        invoices.currency,
        -- a draft's lines are not read, since they can still vanish
        invoices.status != 'draft' as has_lines
    from invoices
    left join in_full on invoices.invoice_id = in_full.order_id
    left join gifts on invoices.invoice_id = gifts.invoice_id

    union all

    select
        intents.payment_intent_id as order_id,
        intents.customer_id,
        intents.person_key,
        intents.created_at as ordered_at,
        charged.paid_at,
        intents.canceled_at as voided_at,
        intents.is_test,
        cast(null as varchar) as country,
        intents.currency,
        false as has_lines
    from intents
    left join of_invoices on intents.payment_intent_id = of_invoices.payment_intent_id
    left join charged on intents.payment_intent_id = charged.order_id
    where of_invoices.payment_intent_id is null

    union all

    -- made without an intent, or for what is older than the history
    select
        charged.order_id,
        charged.customer_id,
        cast(null as varchar) as person_key,
        charged.created_at as ordered_at,
        charged.paid_at,
        cast(null as timestamptz) as voided_at,
        charged.is_test,
        charged.country,
        charged.currency,
        false as has_lines
    from charged
    left join invoices on charged.order_id = invoices.invoice_id
    left join intents on charged.order_id = intents.payment_intent_id
    where
        invoices.invoice_id is null
        and intents.payment_intent_id is null
)

select
    '' as account_id,
    orders.order_id,
    cast(null as varchar) as transaction_id,
    orders.ordered_at,
    orders.paid_at,
    orders.voided_at,
    orders.customer_id,
    coalesce(customers.person_key, orders.person_key, charged.person_key) as person_key,
    false as has_opted_in,
    orders.is_test,
    coalesce(charged.country, orders.country) as country,
    orders.currency,
    orders.currency as currency_charged,
    orders.has_lines,
    cast(null as {{ money() }}) as given_amount,
    cast(null as bigint) as given_units,
    orders.has_lines as is_tax_known
from orders
left join charged on orders.order_id = charged.order_id
left join customers on orders.customer_id = customers.customer_id
