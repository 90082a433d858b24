-- What happened on a day, for whoever wonders about a curve: notes of the settings, breaks of a vendor's series,
-- changed definitions, changed objectives.
with definitions as (
    select
        refreshed_at,
        definition,
        lag(definition) over (order by refreshed_at) as definition_before
    from {{ ref('fct_refreshes') }}
)

select
    date_day,
    'note' as kind,
    text,
    kpi_id,
    cast(null as {{ dbt.type_string() }}) as source
from {{ ref('int_annotations') }}
union
select
    caveats.date_day,
    'series break' as kind,
    caveats.detail as text,
    kpi_sources.kpi_id,
    caveats.source
from {{ ref('fct_caveats') }} as caveats
inner join {{ ref('kpi_sources') }} as kpi_sources
    on
        caveats.source = kpi_sources.source
        and caveats.table_name = kpi_sources.table_name
where caveats.caveat = 'series_break' and caveats.date_day is not null
union
select
    {{ business_day('definitions.refreshed_at', 'business.time_zone') }} as date_day,
    'definition' as kind,
    '' as text,
    cast(null as {{ dbt.type_string() }}) as kpi_id,
    cast(null as {{ dbt.type_string() }}) as source
from definitions
cross join {{ ref('dim_business') }} as business
where definitions.definition != definitions.definition_before
union
select
    objectives.valid_from as date_day,
    'objective' as kind,
    objectives.sentence as text,
    kpis.kpi_id,
    cast(null as {{ dbt.type_string() }}) as source
from {{ ref('objectives') }} as objectives
inner join {{ ref('objective_kpis') }} as kpis
    on
        objectives.objective_id = kpis.objective_id
        and objectives.version = kpis.version
where objectives.version > 1
