with source as (
    select * from {{ source('google_analytics', 'items_by_product') }}
)

select
    property_id,
    date_day,
    item_id,
    item_name,
    cast(items_viewed as bigint) as items_viewed,
    cast(items_purchased as bigint) as items_purchased
from source
