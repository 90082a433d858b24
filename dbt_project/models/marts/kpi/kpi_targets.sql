-- What each period of a KPI should be by an objective in force: on a straight line from start to target, or so much a
-- period, added up over the complete periods of a quarter or a year.
with wanted as (
    select
        kpis.objective_id,
        kpis.kpi_id,
        kpis.grain,
        kpis.start_value,
        kpis.start_day,
        kpis.target_value,
        kpis.target_day,
        kpis.per_period,
        kpis.cumulated_over,
        -- what is added up is so from the beginning of the quarter or year in which the objective was set
        case
            when kpis.cumulated_over = 'quarter' then {{ dbt.date_trunc('quarter', 'objectives.first_valid_from') }}
            when kpis.cumulated_over = 'year' then {{ dbt.date_trunc('year', 'objectives.first_valid_from') }}
            else kpis.start_day
        end as first_day
    from {{ ref('objective_kpis') }} as kpis
    inner join {{ ref('objectives') }} as objectives
        on
            kpis.objective_id = objectives.objective_id
            and kpis.version = objectives.version
    where kpis.is_current
),

periods as (
    select
        wanted.*,
        periods.period_start,
        periods.period_end,
        case
            when wanted.cumulated_over = 'quarter' then {{ dbt.date_trunc('quarter', 'periods.period_start') }}
            when wanted.cumulated_over = 'year' then {{ dbt.date_trunc('year', 'periods.period_start') }}
        end as cumulated_from,
        case when found.is_complete then found.value end as value,
        found.is_complete and found.value is not null and found.is_provisional as is_provisional
    from wanted
    inner join {{ ref('dim_periods') }} as periods
        on
            wanted.grain = periods.grain
            and wanted.first_day <= periods.period_end
    inner join {{ ref('kpi_values') }} as found
        on
            wanted.kpi_id = found.kpi_id
            and periods.grain = found.grain
            and periods.period_start = found.period_start
),

measured as (
    select
        *,
        {{ dbt.datediff('start_day', 'period_end', 'day') }} as days_gone,  -- noqa: LT05
        {{ dbt.datediff('start_day', 'target_day', 'day') }} as days_in_all,  -- noqa: LT05
        -- this period itself, and the complete ones before it
        count(value) over so_far + case when value is null then 1 else 0 end as periods_so_far,
        sum(cast(value as {{ money() }})) over so_far as value_so_far,
        max(case when is_provisional then 1 else 0 end) over so_far = 1 as is_provisional_so_far
    from periods
    window
        so_far as (
            partition by objective_id, kpi_id, cumulated_from
            order by period_start rows between unbounded preceding and current row
        )
),

elapsed as (
    select
        *,
        least(cast(days_gone as double) / days_in_all, 1) as elapsed_share
    from measured
)

select
    objective_id,
    kpi_id,
    grain,
    period_start,
    period_end,
    value,
    -- the line is exact at both ends
    case
        when cumulated_over = '' then start_value * (1 - elapsed_share) + target_value * elapsed_share
        else per_period
    end as target,
    cast(cumulated_from as date) as cumulated_from,
    case
        when cumulated_over != '' and value is not null then cast(value_so_far as {{ money() }})
    end as value_cumulated,
    cast(per_period * periods_so_far as {{ money() }}) as target_cumulated,
    case
        when cumulated_over = '' then is_provisional
        else value is not null and is_provisional_so_far
    end as is_provisional
from elapsed
