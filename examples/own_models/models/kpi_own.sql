-- What a visitor is worth; Google Analytics counts visitors per period, so that a month's are no sum of its days.
select
    periods.grain,
    periods.period_start,
    parts.order_value,
    web.total_users,
    {{ safe_divide('parts.order_value', 'web.total_users') }} as revenue_per_visitor
from {{ ref('dim_periods') }} as periods
left join {{ ref('fct_parts_by_period') }} as parts
    on
        periods.grain = parts.grain
        and periods.period_start = parts.period_start
left join {{ ref('fct_web_by_period') }} as web
    on
        periods.grain = web.grain
        and periods.period_start = web.period_start
