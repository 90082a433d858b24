-- Whoever has an account of before the first loaded day of their shop's orders: what they bought first is unknown.
with loaded as (
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
),

histories as (
    select
        loaded.source,
        -- a shop that took another's place: its customers' orders are known since the other's are
        case
            when windows.first_day > business.history_start then min(loaded.loaded_from) over ()
            else loaded.loaded_from
        end as loaded_from
    from loaded
    inner join {{ ref('int_windows') }} as windows on loaded.source = windows.source
    cross join {{ ref('int_business') }} as business
)

select distinct coalesce(customers.person_key, customers.customer_key) as buyer_key
from {{ ref('int_customers') }} as customers
cross join {{ ref('int_business') }} as business
left join histories on customers.source = histories.source
where
    {{ business_day('customers.created_at', 'business.time_zone') }}
    < coalesce(histories.loaded_from, business.history_start)
