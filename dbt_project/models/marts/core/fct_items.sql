-- Items viewed and purchased on the primary property, one row per day.
select
    items.date_day,
    items.items_viewed,
    items.items_purchased
from {{ ref('int_items') }} as items
cross join {{ ref('int_business') }} as business
where items.date_day <= business.through
