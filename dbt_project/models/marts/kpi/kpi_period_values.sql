-- Every KPI in long form, of calendar periods and of the earlier parts that open ones are compared with. A view:
-- `kpi_values` keeps the ones, `kpi_comparisons` reads both.
{{ config(materialized='view') }}
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
    {%- endfor %}
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
    case when coverage.is_connected then stage_values.value end as value,
    replace(catalog.unit, 'money', business.reporting_currency) as unit,
    coverage.is_connected,
    coverage.is_connected and periods.is_ended and coverage.has_loaded as is_complete,
    coverage.is_provisional,
    coverage.has_open_window,
    case when coverage.is_connected then coverage.sources else '' end as sources,
    case when coverage.is_connected then coverage.missing_sources else '' end as missing_sources,
    case when coverage.is_connected then coverage.caveats else '' end as caveats,
    business.as_of
from stage_values
inner join {{ ref('kpi_catalog') }} as catalog on stage_values.kpi_id = catalog.kpi_id
inner join {{ ref('dim_periods') }} as periods
    on
        stage_values.grain = periods.grain
        and stage_values.period_start = periods.period_start
cross join {{ ref('dim_business') }} as business
inner join {{ ref('kpi_coverage') }} as coverage
    on
        stage_values.kpi_id = coverage.kpi_id
        and stage_values.grain = coverage.grain
        and stage_values.period_start = coverage.period_start
