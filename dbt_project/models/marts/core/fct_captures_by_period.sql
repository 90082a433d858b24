-- Each stock at the end of a period: the sum of every entity's last capture in it, null where one has none.
with last_days as (
    select
        grain,
        period_start,
        max(date_day) as last_day
    from {{ ref('dim_period_days') }}
    group by grain, period_start
),

-- of two tools, one of which has taken the other's place within the period, the one that counts at its end
expected as (
    select
        last_days.grain,
        last_days.period_start,
        entities.measure,
        sum(entities.entities) as entities
    from last_days
    cross join {{ ref('int_captured_entities') }} as entities
    {{ in_window('entities.source', 'last_days.last_day') }}
    group by last_days.grain, last_days.period_start, entities.measure
),

ranked as (
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
    inner join last_days
        on
            period_days.grain = last_days.grain
            and period_days.period_start = last_days.period_start
    {{ in_window('captures.source', 'last_days.last_day') }}
),

sums as (
    select
        ranked.grain,
        ranked.period_start,
        ranked.measure,
        case when count(*) >= max(expected.entities) then cast(sum(ranked.amount) as bigint) end as amount
    from ranked
    inner join expected
        on
            ranked.grain = expected.grain
            and ranked.period_start = expected.period_start
            and ranked.measure = expected.measure
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
