-- The days of every period: the only model that knows how weeks, months, quarters and years are cut.
-- Of each period that is open, the first days of the one before and of last year's, as many as it has had, are a period
-- of their own: whatever is worked out per period is worked out for them, too, and an open one has its like.
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
        {{ last_day_of_period('week', 'week_start') }} as period_end,
        date_day
    from weeks
    {%- for grain in longer_grains() if grain != 'week' %}
    union all
    select
        '{{ grain }}' as grain,
        cast({{ dbt.date_trunc(grain, 'date_day') }} as date) as period_start,
        {{ last_day_of_period(grain, 'date_day') }} as period_end,
        date_day
    from days
    {%- endfor %}
),

open_periods as (
    select distinct
        cut.grain,
        cut.period_start as opened_on,
        business.through
    from cut
    cross join business
    where business.through >= cut.period_start and business.through < cut.period_end
),

earlier as (
    {%- for grain in longer_grains() %}
    {%- set outer = loop %}
    {%- for before in ('previous', 'last_year') %}
    {%- set start = earlier_start(before, grain, 'opened_on') %}
    select
        '{{ to_date_grain(before, grain) }}' as grain,
        {{ start }} as period_start,
        {{ last_day_of_period(grain, start) }} as calendar_end,
        {{ dbt.datediff('opened_on', 'through', 'day') }} as days_further
    from open_periods
    where grain = '{{ grain }}'
    {%- if not (outer.last and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

to_date as (
    select
        grain,
        period_start,
        -- a shorter month has no more days than it has
        least(calendar_end, cast({{ dbt.dateadd('day', 'days_further', 'period_start') }} as date)) as period_end
    from earlier
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

union all

select
    to_date.grain,
    to_date.period_start,
    to_date.period_end,
    days.date_day
from to_date
cross join business
inner join days on days.date_day between to_date.period_start and to_date.period_end
-- of one that began before history only a part is known
where to_date.period_start >= business.history_start
