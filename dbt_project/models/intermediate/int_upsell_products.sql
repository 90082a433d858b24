-- The products of the declared upsell pairs, each as base or as upsell.
select
    pair,
    role,
    product_id,
    window_days,
    same_order
from {{ ref('stg_parcours__upsell_products') }}
