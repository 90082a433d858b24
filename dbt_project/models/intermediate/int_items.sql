-- Items viewed and purchased on the primary property, per day, asked without an item dimension.
{{ config(materialized='view') }}

select
    items.date_day,
    items.items_viewed,
    items.items_purchased
from {{ ref('stg_google_analytics__items_by_day') }} as items
inner join {{ ref('int_business') }} as business on items.property_id = business.primary_property_id
{{ in_window("'google_analytics'", 'items.date_day') }}
