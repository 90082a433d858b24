-- Items viewed and purchased on the primary property, per day and product.
select
    items.date_day,
    items.item_id,
    sum(items.items_viewed) as items_viewed,
    sum(items.items_purchased) as items_purchased
from {{ ref('stg_google_analytics__items_by_product') }} as items
inner join {{ ref('int_business') }} as business on items.property_id = business.primary_property_id
group by items.date_day, items.item_id
