-- The days of every period: the only model that knows how weeks, months, quarters and years are cut.
with business as (
    select * from {{ ref('int_business') }}
),

days as (
    select
        days.date_day,
        case when business.week_start = 'sunday' then 1 else 0 end as days_before_monday
    from {{ ref('int_days') }} as days
    cross join business
),

mondays as (
    select
        date_day,
        days_before_monday,
        {{ dbt.date_trunc('week', dbt.dateadd('day', 'days_before_monday', 'date_day')) }} as monday
    from days
),

weeks as (
    select
        date_day,
        cast({{ dbt.dateadd('day', '-days_before_monday', 'monday') }} as date) as week_start
    from mondays
),

cut as (
    select
        'day' as grain,
        date_day as period_start,
        date_day as period_end,
        date_day
    from days
    union all
    select
        'week' as grain,
        week_start as period_start,
        cast({{ dbt.dateadd('day', 6, 'week_start') }} as date) as period_end,
        date_day
    from weeks
    {%- for grain in ('month', 'quarter', 'year') %}
    union all
    select
        '{{ grain }}' as grain,
        cast({{ dbt.date_trunc(grain, 'date_day') }} as date) as period_start,
        cast({{ dbt.last_day('date_day', grain) }} as date) as period_end,
        date_day
    from days
    {%- endfor %}
)

select
    cut.grain,
    cut.period_start,
    cut.period_end,
    cut.date_day
from cut
cross join business
-- days after the last whole business day are there for the captures of periods that are open
where cut.period_start <= business.through
