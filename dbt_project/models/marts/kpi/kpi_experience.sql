select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    north_star.value as north_star,
    weekly.weekly_active_customers,
    parts.support_tickets,
    {{ safe_divide('100 * parts.support_tickets', 'parts.purchases') }} as support_tickets_per_100_purchases,
    answers.satisfied_answers,
    answers.satisfaction_answers,
    {{ safe_divide('answers.satisfied_answers', 'answers.satisfaction_answers') }} as customer_satisfaction
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'experience'
        and periods.grain = whole.grain
        and periods.period_start = whole.period_start
left join {{ ref('kpi_north_star') }} as north_star
    on
        periods.grain = north_star.grain
        and periods.period_start = north_star.period_start
left join {{ ref('fct_weekly_customers_by_period') }} as weekly
    on
        periods.grain = weekly.grain
        and periods.period_start = weekly.period_start
left join {{ ref('fct_parts_by_period') }} as parts
    on
        periods.grain = parts.grain
        and periods.period_start = parts.period_start
left join {{ ref('fct_answers_by_period') }} as answers
    on
        periods.grain = answers.grain
        and periods.period_start = answers.period_start
