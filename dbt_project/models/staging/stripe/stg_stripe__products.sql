-- The tax code tells what is no goods: a gift card, a tip, shipping (https://docs.stripe.com/tax/tax-codes).
with source as (
    select * from {{ source('stripe', 'products') }}
)

select
    id as product_id,
    name as product_name,
    case tax_code
        when 'txcd_10502000' then 'gift_card'
        when 'txcd_90020001' then 'tip'
        when 'txcd_92010001' then 'shipping'
        else 'product'
    end as line_kind,
    active as is_active,
    {{ from_unix('created') }} as created_at
from source
