-- Customers active in the 7 days that end with each period: counted over those days, never added up.
with windows as (
    select
        periods.grain,
        periods.period_start,
        periods.last_day,
        cast({{ dbt.dateadd('day', -6, 'periods.last_day') }} as date) as window_start
    from {{ ref('dim_periods') }} as periods
),

covered as (
    select windows.*
    from windows
    inner join {{ ref('dim_parts') }} as parts on parts.part = 'purchases'
    -- a window that is not loaded whole would count too few
    where windows.window_start >= parts.covered_from
)

select
    covered.grain,
    covered.period_start,
    count(distinct orders.buyer_key) as weekly_active_customers
from covered
left join {{ ref('fct_orders') }} as orders on orders.date_day between covered.window_start and covered.last_day
group by covered.grain, covered.period_start
