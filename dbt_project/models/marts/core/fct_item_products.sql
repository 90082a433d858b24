-- Items viewed and purchased on the primary property, one row per day and product.
select
    items.date_day,
    items.item_id as product_id,
    items.items_viewed,
    items.items_purchased
from {{ ref('int_item_products') }} as items
cross join {{ ref('int_business') }} as business
where items.date_day <= business.through
