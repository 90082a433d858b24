-- Every KPI in long form: value, parts, flags, and the sources that it comes from.
{{ depend_on_stage_tables() }}
with stage_values as (
    {%- for kpi in kpis() %}
    select
        '{{ kpi.kpi_id }}' as kpi_id,
        grain,
        period_start,
        cast({{ kpi.numerator or 'null' }} as {{ money() }}) as numerator,
        cast({{ kpi.denominator or 'null' }} as {{ money() }}) as denominator,
        cast({{ kpi.kpi_id }} as double) as value
    from {{ ref(kpi.model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        cast(null as varchar) as kpi_id,
        cast(null as varchar) as grain,
        cast(null as date) as period_start,
        cast(null as {{ money() }}) as numerator,
        cast(null as {{ money() }}) as denominator,
        cast(null as double) as value
    where false
    {%- endfor %}
),

kpi_parts as (
    {%- for row in kpi_parts() %}
    select
        '{{ row.kpi_id }}' as kpi_id,
        '{{ row.part }}' as part
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        cast(null as varchar) as kpi_id,
        cast(null as varchar) as part
    where false
    {%- endfor %}
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
    inner join {{ ref('part_sources') }} as part_sources on kpi_parts.part = part_sources.part
    inner join {{ ref('dim_source_tables') }} as tables
        on
            part_sources.source = tables.source
            and part_sources.table_name = tables.table_name
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
        {{ dbt.listagg('distinct case when not has_loaded then source end', "', '", 'order by case when not has_loaded then source end') }}
            as missing_sources
    from table_states
    group by kpi_id, grain, period_start
)

select
    stage_values.kpi_id,
    catalog.stage,
    stage_values.grain,
    stage_values.period_start,
    periods.period_end,
    periods.last_day,
    stage_values.numerator,
    stage_values.denominator,
    case when connected.is_connected then stage_values.value end as value,
    replace(catalog.unit, 'money', business.reporting_currency) as unit,
    connected.is_connected,
    connected.is_connected and periods.is_ended and coverage.has_loaded as is_complete,
    connected.is_connected and (
        not periods.is_ended
        or coverage.may_change
        or (
            stage_values.kpi_id = 'prospect_to_customer_rate'
            and {{ dbt.dateadd('day', 'business.prospect_window_days', 'periods.last_day') }} >= business.as_of_day
        )
    ) as is_provisional,
    coalesce(case when connected.is_connected then coverage.sources end, '') as sources,
    coalesce(case when connected.is_connected then coverage.missing_sources end, '') as missing_sources,
    business.as_of
from stage_values
inner join {{ ref('kpi_catalog') }} as catalog on stage_values.kpi_id = catalog.kpi_id
inner join connected on stage_values.kpi_id = connected.kpi_id
inner join {{ ref('dim_periods') }} as periods
    on
        stage_values.grain = periods.grain
        and stage_values.period_start = periods.period_start
cross join {{ ref('dim_business') }} as business
left join coverage
    on
        stage_values.kpi_id = coverage.kpi_id
        and stage_values.grain = coverage.grain
        and stage_values.period_start = coverage.period_start
