-- What each value rests on: is the KPI connected, have its sources loaded the period, may they still change it.
with kpis as (
    select
        catalog.kpi_id,
        business.as_of_day,
        case catalog.cohort_window
            when 'prospect_window_days' then business.prospect_window_days
            when 'upsell_window_days' then business.upsell_window_days
        end as window_days
    from {{ ref('kpi_catalog') }} as catalog
    cross join {{ ref('dim_business') }} as business
),

connected as (
    select
        kpi_parts.kpi_id,
        min(case when parts.is_connected then 1 else 0 end) = 1 as is_connected
    from {{ ref('kpi_parts') }} as kpi_parts
    left join {{ ref('dim_parts') }} as parts on kpi_parts.part = parts.part
    group by kpi_parts.kpi_id
),

table_states as (
    select
        kpi_tables.kpi_id,
        kpi_tables.source,
        periods.grain,
        periods.period_start,
        greatest(periods.period_start, kpi_tables.answers_from) as due_from,
        least(periods.last_day, kpi_tables.answers_through) as due_through,
        coalesce(
            kpi_tables.loaded_through >= due_through
            and kpi_tables.counts_until >= due_through
            and (
                kpi_tables.loaded_from <= due_from and kpi_tables.counts_from <= due_from
                or catalog.aggregation_class = 'snapshot'
            ),
            false
        ) as has_loaded,
        -- a capture may tell the day before it
        coalesce(
            kpi_tables.loaded_from <= {{ dbt.dateadd('day', 1, 'periods.last_day') }}
            and kpi_tables.counts_from <= {{ dbt.dateadd('day', 1, 'periods.last_day') }},
            false
        ) as has_begun,
        case when not has_loaded then kpi_tables.source end as missing_source,
        -- the next refresh reads these days again
        coalesce(
            due_through > {{ dbt.dateadd('day', '-kpi_tables.reread_days', 'kpi_tables.loaded_through') }}, true
        ) as may_change
    from {{ ref('kpi_sources') }} as kpi_tables
    inner join {{ ref('kpi_catalog') }} as catalog on kpi_tables.kpi_id = catalog.kpi_id
    inner join {{ ref('dim_periods') }} as periods
        on
            kpi_tables.answers_from <= periods.last_day
            and kpi_tables.answers_through >= periods.period_start
),

coverage as (
    select
        kpi_id,
        grain,
        period_start,
        min(case when has_loaded then 1 else 0 end) = 1 as has_loaded,
        max(case when has_begun then 1 else 0 end) = 1 as has_begun,
        max(case when may_change then 1 else 0 end) = 1 as may_change,
        {{ dbt.listagg('distinct source', "', '", 'order by source') }} as sources,
        {{ dbt.listagg('distinct missing_source', "', '", 'order by missing_source') }} as missing_sources
    from table_states
    group by kpi_id, grain, period_start
),

caveats as (
    select
        kpi_sources.kpi_id,
        caveats.grain,
        caveats.date_day,
        kpi_sources.answers_from,
        kpi_sources.answers_through,
        caveats.source || ': ' || caveats.caveat as caveat
    from {{ ref('fct_caveats') }} as caveats
    inner join {{ ref('kpi_sources') }} as kpi_sources
        on
            caveats.source = kpi_sources.source
            and caveats.table_name = kpi_sources.table_name
),

-- said of all days, of a day within the period, or of this very period
caveats_of_periods as (
    select
        caveats.kpi_id,
        periods.grain,
        periods.period_start,
        caveats.caveat
    from caveats
    inner join {{ ref('dim_periods') }} as periods
        on
            caveats.answers_from <= periods.last_day
            and caveats.answers_through >= periods.period_start
    where caveats.date_day is null
    union all
    select
        caveats.kpi_id,
        period_days.grain,
        period_days.period_start,
        caveats.caveat
    from caveats
    inner join {{ ref('dim_period_days') }} as period_days on caveats.date_day = period_days.date_day
    where caveats.grain = ''
    union all
    select
        kpi_id,
        grain,
        date_day as period_start,
        caveat
    from caveats
    where grain != ''
),

caveats_by_period as (
    select
        kpi_id,
        grain,
        period_start,
        {{ dbt.listagg('distinct caveat', "', '", 'order by caveat') }} as caveats
    from caveats_of_periods
    group by kpi_id, grain, period_start
)

select
    kpis.kpi_id,
    periods.grain,
    periods.period_start,
    coalesce(connected.is_connected, false) as is_connected,
    coalesce(coverage.has_loaded, false) as has_loaded,
    coalesce(coverage.has_begun, false) as has_begun,
    -- somebody of the period may still be within the window in which success counts
    coalesce({{ dbt.dateadd('day', 'kpis.window_days', 'periods.last_day') }} >= kpis.as_of_day, false)
        as has_open_window,
    coalesce(connected.is_connected, false) and (
        not periods.is_ended or has_open_window or coalesce(coverage.may_change, false)
    ) as is_provisional,
    coalesce(coverage.sources, '') as sources,
    coalesce(coverage.missing_sources, '') as missing_sources,
    coalesce(caveats_by_period.caveats, '') as caveats
from kpis
cross join {{ ref('dim_periods') }} as periods
left join connected on kpis.kpi_id = connected.kpi_id
left join coverage
    on
        kpis.kpi_id = coverage.kpi_id
        and periods.grain = coverage.grain
        and periods.period_start = coverage.period_start
left join caveats_by_period
    on
        kpis.kpi_id = caveats_by_period.kpi_id
        and periods.grain = caveats_by_period.grain
        and periods.period_start = caveats_by_period.period_start
