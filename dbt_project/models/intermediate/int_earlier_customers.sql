-- Whoever has an account of before the first loaded day of their shop's orders: what they bought first is unknown.
with histories as (
    select
        feeds.source,
        max(tables.loaded_from) as loaded_from
    from {{ ref('int_feeds') }} as feeds
    inner join {{ ref('int_source_tables') }} as tables
        on
            feeds.source = tables.source
            and feeds.table_name = tables.table_name
    where feeds.entity = 'orders'
    group by feeds.source
)

select distinct coalesce(customers.person_key, customers.customer_key) as buyer_key
from {{ ref('int_customers') }} as customers
cross join {{ ref('int_business') }} as business
left join histories on customers.source = histories.source
where
    {{ business_day('customers.created_at', 'business.time_zone') }}
    < coalesce(histories.loaded_from, business.history_start)
