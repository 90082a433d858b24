-- What each value rests on: is the KPI connected, have its sources loaded the period, may they still change it.
{{ depend_on_stage_tables() }}
with declared as (
    {%- for row in kpi_parts() %}
    select
        '{{ row.kpi_id }}' as kpi_id,
        '{{ row.part }}' as part
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

kpi_parts as (
    select
        kpi_id,
        part
    from declared
    where kpi_id != 'north_star'
    union all
    -- the north star rests on what the chosen KPI rests on; a query may use all there is
    select
        'north_star' as kpi_id,
        parts.part
    from {{ ref('dim_parts') }} as parts
    cross join {{ ref('dim_business') }} as business
    left join declared
        on
            parts.part = declared.part
            and declared.kpi_id = case
                when business.north_star = 'weekly_active_customers' then 'purchases'
                else business.north_star
            end
    where declared.kpi_id is not null or (business.north_star = '' and parts.is_connected)
),

connected as (
    select
        kpi_parts.kpi_id,
        min(case when parts.is_connected then 1 else 0 end) = 1 as is_connected
    from kpi_parts
    left join {{ ref('dim_parts') }} as parts on kpi_parts.part = parts.part
    group by kpi_parts.kpi_id
),

kpi_tables as (
    select distinct
        kpi_parts.kpi_id,
        tables.source,
        tables.table_name,
        tables.loaded_from,
        tables.loaded_through,
        tables.reread_days
    from kpi_parts
    inner join {{ ref('dim_part_tables') }} as tables on kpi_parts.part = tables.part
),

table_states as (
    select
        kpi_tables.kpi_id,
        kpi_tables.source,
        periods.grain,
        periods.period_start,
        coalesce(
            kpi_tables.loaded_through >= periods.last_day
            and (kpi_tables.loaded_from <= periods.period_start or catalog.aggregation_class = 'snapshot'),
            false
        ) as has_loaded,
        case when not has_loaded then kpi_tables.source end as missing_source,
        -- the next refresh reads these days again
        coalesce(
            periods.last_day > {{ dbt.dateadd('day', '-kpi_tables.reread_days', 'kpi_tables.loaded_through') }}, true
        ) as may_change
    from kpi_tables
    inner join {{ ref('kpi_catalog') }} as catalog on kpi_tables.kpi_id = catalog.kpi_id
    cross join {{ ref('dim_periods') }} as periods
),

coverage as (
    select
        kpi_id,
        grain,
        period_start,
        min(case when has_loaded then 1 else 0 end) = 1 as has_loaded,
        max(case when may_change then 1 else 0 end) = 1 as may_change,
        {{ dbt.listagg('distinct source', "', '", 'order by source') }} as sources,
        {{ dbt.listagg('distinct missing_source', "', '", 'order by missing_source') }} as missing_sources
    from table_states
    group by kpi_id, grain, period_start
)

select
    kpis.kpi_id,
    periods.grain,
    periods.period_start,
    coalesce(connected.is_connected, false) as is_connected,
    coalesce(coverage.has_loaded, false) as has_loaded,
    coalesce(coverage.may_change, false) as may_change,
    coalesce(coverage.sources, '') as sources,
    coalesce(coverage.missing_sources, '') as missing_sources
from {{ ref('kpi_catalog') }} as kpis
cross join {{ ref('dim_periods') }} as periods
left join connected on kpis.kpi_id = connected.kpi_id
left join coverage
    on
        kpis.kpi_id = coverage.kpi_id
        and periods.grain = coverage.grain
        and periods.period_start = coverage.period_start
