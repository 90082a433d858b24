-- WooCommerce has no gift cards of its own: the plugins that sell them add a type of product.
with source as (
    select * from {{ source('woocommerce', 'products') }}
)

select
    site as account_id,
    cast(id as varchar) as product_id,
    type as product_type,
    replace(type, '_', '-') like '%gift-card%' as is_gift_card
from source
