-- Orders, paid at the instant when the money first reached what was due. An imported order counts from when it was
-- processed.
with source as (
    select
        *,
        replace(id, 'gid://shopify/Order/', '') as order_id,
        cast(original_total_price_set__presentment_money__amount as {{ money() }}) as original_total
    from {{ source('shopify', 'orders') }}
),

payments as (
    select * from {{ ref('stg_shopify__payments') }}
),

voids as (
    select
        account_id,
        order_id,
        min(happened_at) as voided_at
    from {{ ref('stg_shopify__transactions') }}
    where is_successful and transaction_kind = 'void'
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
    least({{ to_utc('source.created_at') }}, {{ to_utc('source.processed_at') }}) as ordered_at,
    coalesce(
        payments.reached_at,
        case
            -- lines were swapped, and when is not told
            when source.display_financial_status = 'PAID' and payments.last_taken_at is not null
                then payments.last_taken_at
            -- free, or paid elsewhere; an order that was emptied has nothing left to pay either
            when
                payments.is_settled and payments.last_taken_at is null
                and (source.display_financial_status != 'PAID' or source.original_total = 0 or payments.due > 0)
                then {{ to_utc('source.processed_at') }}
        end
    ) as paid_at,
    case
        when payments.last_taken_at is not null then null
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
    coalesce(source.total_price_set__shop_money__currency_code, source.presentment_currency_code) as currency,
    source.presentment_currency_code as currency_charged,

    -- worth
    true as has_lines,
    cast(null as {{ money() }}) as given_amount,
    cast(null as bigint) as given_units,
    true as is_tax_known
from source
left join payments on source.shop = payments.account_id and source.order_id = payments.order_id
left join voids on source.shop = voids.account_id and source.order_id = voids.order_id
