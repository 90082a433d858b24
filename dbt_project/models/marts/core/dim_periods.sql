-- One row per period that has begun by the last loaded business day, and per earlier part that an open one is compared
-- with.
select
    period_days.grain,
    period_days.period_start,
    max(period_days.period_end) as period_end,
    -- an open period ends, so far, with the last loaded day
    least(max(period_days.period_end), max(business.through)) as last_day,
    max(period_days.period_end) <= max(business.through) as is_ended,
    period_days.period_start >= max(business.history_start) as is_whole_in_history
from {{ ref('dim_period_days') }} as period_days
cross join {{ ref('int_business') }} as business
group by period_days.grain, period_days.period_start
