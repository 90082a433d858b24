select
    periods.grain,
    periods.period_start,
    parts.brand_mentions,
    -- no survey or review source feeds these yet
    cast(null as bigint) as promoters_minus_detractors,
    cast(null as bigint) as nps_answers,
    cast(null as double) as nps,
    cast(null as bigint) as customer_reviews
from {{ ref('dim_periods') }} as periods
left join {{ ref('fct_parts_by_period') }} as parts
    on
        periods.grain = parts.grain
        and periods.period_start = parts.period_start
