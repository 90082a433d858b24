-- What was answered in each period, the last answer of each respondent to each survey in it; never a sum of days.
with ranked as (
    select
        period_days.grain,
        period_days.period_start,
        answers.kind,
        answers.verdict,
        row_number() over (
            partition by
                period_days.grain, period_days.period_start, answers.kind, answers.survey_key, answers.respondent_key
            order by answers.answered_at desc, answers.answer_key desc
        ) as latest_first
    from {{ ref('fct_answers') }} as answers
    inner join {{ ref('dim_period_days') }} as period_days on answers.date_day = period_days.date_day
),

last_answers as (
    select * from ranked
    where latest_first = 1
),

counted as (
    select
        grain,
        period_start,
        count(case when kind = 'csat' then 1 end) as satisfaction_answers,
        count(case when kind = 'csat' and verdict = 1 then 1 end) as satisfied_answers,
        count(case when kind = 'nps' then 1 end) as nps_answers,
        count(case when kind = 'nps' and verdict = 1 then 1 end) as promoters,
        count(case when kind = 'nps' and verdict = -1 then 1 end) as detractors
    from last_answers
    group by grain, period_start
),

coverage as (
    select
        max(case when part = 'csat_answers' and is_connected then covered_from end) as csat_from,
        max(case when part = 'nps_answers' and is_connected then covered_from end) as nps_from
    from {{ ref('dim_parts') }}
)

select
    periods.grain,
    periods.period_start,
    -- nothing on a loaded day is zero; before the first loaded day it is unknown
    case when coverage.csat_from <= periods.period_end then coalesce(counted.satisfaction_answers, 0) end
        as satisfaction_answers,
    case when coverage.csat_from <= periods.period_end then coalesce(counted.satisfied_answers, 0) end
        as satisfied_answers,
    case when coverage.nps_from <= periods.period_end then coalesce(counted.nps_answers, 0) end as nps_answers,
    case when coverage.nps_from <= periods.period_end then coalesce(counted.promoters, 0) end as promoters,
    case when coverage.nps_from <= periods.period_end then coalesce(counted.detractors, 0) end as detractors
from {{ ref('dim_periods') }} as periods
cross join coverage
left join counted
    on
        periods.grain = counted.grain
        and periods.period_start = counted.period_start
