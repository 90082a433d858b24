-- The additive parts of each period by segment: the sum of its days.
select
    period_days.grain,
    period_days.period_start,
    parts.part,
    parts.segment_kind,
    parts.segment,
    cast(sum(parts.amount) as {{ money() }}) as amount
from {{ ref('fct_daily_parts') }} as parts
inner join {{ ref('dim_period_days') }} as period_days on parts.date_day = period_days.date_day
where parts.segment_kind != 'total'
group by period_days.grain, period_days.period_start, parts.part, parts.segment_kind, parts.segment
