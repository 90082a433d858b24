with source as (
    select * from {{ source('parcours', 'upsell_products') }}
)

select
    pair,
    role,
    product_id,
    window_days,
    same_order
from source
