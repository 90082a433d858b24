with source as (
    select * from {{ source('google_analytics', 'items_by_day') }}
)

select
    property_id,
    date_day,
    cast(items_viewed as bigint) as items_viewed,
    cast(items_purchased as bigint) as items_purchased
from source
