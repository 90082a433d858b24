-- One row per order, except those in the trash and checkouts that were never finished. What has no date of payment, as
-- cash and bank transfers, was paid when the order was completed, unless it is open again; a plugin's part payment is
-- none. An order whose payment was voided has no date of payment. A marketplace splits an order by vendor: the parts
-- beside the whole are no orders.
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
    case
        when status in ('partial-payment', 'partially-paid', 'partial-paid', 'deposit-paid') then null
        else
            coalesce(
                {{ to_utc("date_paid_gmt || 'Z'") }},
                case
                    when status not in ('pending', 'on-hold', 'processing', 'failed')
                        then {{ to_utc("date_completed_gmt || 'Z'") }}
                end
            )
    end as paid_at,
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
where
    status not in ('trash', 'checkout-draft')
    and not exists (
        select 1
        from {{ source('woocommerce', 'orders') }} as whole
        where
            source.site = whole.site
            and source.parent_id = whole.id
            and whole.status not in ('trash', 'checkout-draft')
    )
