-- Orders, paid at the instant when the captured money first reached what the order came to.
with source as (
    select
        *,
        replace(id, 'gid://shopify/Order/', '') as order_id,
        -- later changes of an order may raise or lower its total
        least(
            cast(total_price_set__presentment_money__amount as {{ money() }}),
            cast(original_total_price_set__presentment_money__amount as {{ money() }})
        ) as total_amount,
        coalesce(display_financial_status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED'), false) as is_settled
    from {{ source('shopify', 'orders') }}
),

transactions as (
    select *
    from {{ ref('stg_shopify__transactions') }}
    where is_successful
),

captures as (
    select
        account_id,
        order_id,
        happened_at,
        sum(amount) over (
            partition by account_id, order_id order by happened_at, transaction_id
            rows between unbounded preceding and current row
        ) as captured_so_far
    from transactions
    where transaction_kind in ('sale', 'capture')
),

payments as (
    select
        captures.account_id,
        captures.order_id,
        min(case when captures.captured_so_far >= source.total_amount then captures.happened_at end) as reached_at,
        max(captures.happened_at) as last_captured_at
    from captures
    inner join source on captures.account_id = source.shop and captures.order_id = source.order_id
    group by captures.account_id, captures.order_id
),

voids as (
    select
        account_id,
        order_id,
        min(happened_at) as voided_at
    from transactions
    where transaction_kind = 'void'
    group by account_id, order_id
)

select
    -- keys
    source.shop as account_id,
    source.order_id,
    regexp_replace(source.name, '^#', '') as transaction_id,
    replace(source.customer__id, 'gid://shopify/Customer/', '') as customer_id,
    nullif(source.email_key, '') as person_key,

    -- times
    {{ to_utc('source.created_at') }} as ordered_at,
    coalesce(
        payments.reached_at,
        -- free, paid elsewhere, or rounded to what coins there are
        case
            when source.is_settled then coalesce(payments.last_captured_at, {{ to_utc('source.processed_at') }})
        end
    ) as paid_at,
    case
        when payments.last_captured_at is not null then null
        when voids.voided_at is not null then voids.voided_at
        when source.display_financial_status = 'VOIDED'
            then coalesce({{ to_utc('source.cancelled_at') }}, {{ to_utc('source.updated_at') }})
    end as voided_at,

    -- properties
    coalesce(source.customer_accepts_marketing, false) as has_opted_in,
    coalesce(source.test, false) as is_test,
    coalesce(
        source.shipping_address__country_code_v2, source.billing_address__country_code_v2
    ) as country,
    source.presentment_currency_code as currency,

    -- worth
    true as has_lines,
    cast(null as {{ money() }}) as given_amount,
    cast(null as bigint) as given_units,
    true as is_tax_known
from source
left join payments on source.shop = payments.account_id and source.order_id = payments.order_id
left join voids on source.shop = voids.account_id and source.order_id = voids.order_id
