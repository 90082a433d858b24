-- Identified buyers of the 365 days that end with each period: counted over those days, never added up.
with windows as (
    select
        periods.grain,
        periods.period_start,
        periods.last_day,
        cast({{ dbt.dateadd('day', -364, 'periods.last_day') }} as date) as window_start
    from {{ ref('dim_periods') }} as periods
),

covered as (
    select
        windows.grain,
        windows.period_start,
        windows.window_start,
        windows.last_day
    from windows
    inner join {{ ref('dim_parts') }} as parts on parts.part = 'purchases'
    -- a window that is not loaded whole would count too few
    where windows.window_start >= parts.covered_from
)

select
    covered.grain,
    covered.period_start,
    count(orders.order_key) as purchases_by_buyers,
    count(distinct orders.buyer_key) as buyers,
    cast(sum(orders.order_value) as {{ money() }}) as order_value_of_buyers
from covered
left join {{ ref('fct_orders') }} as orders
    on
        orders.date_day between covered.window_start and covered.last_day
        and orders.buyer_key is not null
group by covered.grain, covered.period_start
