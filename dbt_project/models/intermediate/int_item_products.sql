-- Items viewed and purchased on the primary property, per day and product.
{{ config(materialized='view') }}

select
    items.date_day,
    items.item_id,
    cast(sum(items.items_viewed) as bigint) as items_viewed,
    cast(sum(items.items_purchased) as bigint) as items_purchased
from {{ ref('stg_google_analytics__items_by_product') }} as items
inner join {{ ref('int_business') }} as business on items.property_id = business.primary_property_id
{{ in_window("'google_analytics'", 'items.date_day') }}
group by items.date_day, items.item_id
