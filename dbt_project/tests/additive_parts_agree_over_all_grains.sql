-- Every day lies in exactly one week, month, quarter and year: a part adds up to the same over any grain.
-- Captures are left out: one of an open day has no day of its own yet.
with totals as (
    select
        grain,
        sum(new_prospects) as new_prospects,
        sum(purchases) as purchases,
        sum(products_sold) as products_sold,
        sum(order_value) as order_value,
        sum(spend) as spend,
        sum(comments) as comments,
        sum(emails_delivered) as emails_delivered,
        sum(items_viewed) as items_viewed
    from {{ ref('fct_parts_by_period') }}
    where not {{ is_to_date('grain') }}
    group by grain
),

days as (
    select * from totals
    where grain = 'day'
)

select totals.*
from totals
cross join days
where
    totals.new_prospects != days.new_prospects
    or totals.purchases != days.purchases
    or totals.products_sold != days.products_sold
    or totals.order_value != days.order_value
    or totals.spend != days.spend
    or totals.comments != days.comments
    or totals.emails_delivered != days.emails_delivered
    or totals.items_viewed != days.items_viewed
