-- One row per order, except those in the trash and checkouts that were never finished. Cash on delivery is paid when
-- the order is completed. An order whose payment was voided has no date of payment.
with source as (
    select * from {{ source('woocommerce', 'orders') }}
)

select
    -- keys
    site as account_id,
    cast(id as varchar) as order_id,
    number as transaction_id,
    cast(nullif(customer_id, 0) as varchar) as customer_id,
    nullif(email_key, '') as person_key,

    -- properties
    status,
    payment_method,
    has_opted_in,
    is_test,
    upper(coalesce(nullif(billing__country, ''), nullif(shipping__country, ''))) as country,

    -- times
    {{ to_utc("date_created_gmt || 'Z'") }} as ordered_at,
    coalesce(
        {{ to_utc("date_paid_gmt || 'Z'") }},
        case when payment_method = 'cod' then {{ to_utc("date_completed_gmt || 'Z'") }} end
    ) as paid_at,
    cast(null as timestamptz) as voided_at,
    {{ to_utc("date_modified_gmt || 'Z'") }} as updated_at,

    -- money
    currency,
    currency as currency_charged,
    prices_include_tax,
    cast(total as {{ money() }}) as total_amount,
    cast(total_tax as {{ money() }}) as total_tax,
    true as has_lines,
    cast(null as {{ money() }}) as given_amount,
    cast(null as bigint) as given_units,
    true as is_tax_known,

    -- lists, which the order's lines are made from
    line_items,
    shipping_lines,
    fee_lines
from source
where status not in ('trash', 'checkout-draft')
