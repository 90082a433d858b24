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
        cast({{ dbt.dateadd('day', 6, 'week_start') }} as date) as period_end,
        date_day
    from weeks
    {%- for grain in longer_grains()[1:] %}
    union all
    select
        '{{ grain }}' as grain,
        cast({{ dbt.date_trunc(grain, 'date_day') }} as date) as period_start,
        cast({{ dbt.last_day('date_day', grain) }} as date) as period_end,
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
    select
        '{{ to_date_grain(before, grain) }}' as grain,
        '{{ grain }}' as calendar_grain,
        {{ earlier_start(before, grain, 'opened_on') }} as period_start,
        {{ dbt.datediff('opened_on', 'through', 'day') }}
            as days_further
    from open_periods
    where grain = '{{ grain }}'
    {%- if not (outer.last and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

-- as many days as the open period has had; a shorter month has no more than it has
to_date as (
    select
        earlier.grain,
        earlier.period_start,
        cut.date_day
    from earlier
    inner join cut
        on
            earlier.calendar_grain = cut.grain
            and earlier.period_start = cut.period_start
            and cut.date_day <= {{ dbt.dateadd('day', 'earlier.days_further', 'earlier.period_start') }}
    cross join business
    -- of one that began before history only a part is known
    where earlier.period_start >= business.history_start
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
    grain,
    period_start,
    max(date_day) over (partition by grain) as period_end,
    date_day
from to_date
