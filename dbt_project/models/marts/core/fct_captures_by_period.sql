-- Each stock at the end of a period: the sum of every entity's last capture in it, null where one has none.
with ranked as (
    select
        period_days.grain,
        period_days.period_start,
        captures.measure,
        captures.entity_id,
        captures.amount,
        row_number() over (
            partition by period_days.grain, period_days.period_start, captures.measure, captures.entity_id
            order by captures.date_day desc
        ) as latest_first
    from {{ ref('fct_captures') }} as captures
    inner join {{ ref('dim_period_days') }} as period_days on captures.date_day = period_days.date_day
),

sums as (
    select
        ranked.grain,
        ranked.period_start,
        ranked.measure,
        case when count(*) >= max(entities.entities) then cast(sum(ranked.amount) as bigint) end as amount
    from ranked
    inner join {{ ref('int_captured_entities') }} as entities on ranked.measure = entities.measure
    where ranked.latest_first = 1
    group by ranked.grain, ranked.period_start, ranked.measure
)

select
    grain,
    period_start,
    max(case when measure = 'retargeting_audience_size' then amount end) as retargeting_audience_size,
    max(case when measure = 'retargeting_audience_size_upper' then amount end) as retargeting_audience_size_upper,
    max(case when measure = 'audience_export_users' then amount end) as audience_export_users,
    max(case when measure = 'facebook_fans' then amount end) as facebook_fans,
    max(case when measure = 'list_size' then amount end) as list_size,
    max(case when measure = 'affiliates' then amount end) as affiliates,
    max(case when measure = 'partners' then amount end) as partners
from sums
group by grain, period_start
