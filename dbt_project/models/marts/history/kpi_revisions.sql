-- Each published value that changed later: what it was, what it became, when and why; each refresh adds its own.
-- depends_on: {{ ref('kpi_values') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    pre_hook="{% if is_incremental() %}delete from {{ this }} where changed_at >= (select max(as_of) from {{ ref('kpi_values') }}){% endif %}"
) }}

with versions as (
    select
        *,
        lag(value) over (versions_of_a_value) as value_before,
        lag(numerator) over (versions_of_a_value) as numerator_before,
        lag(denominator) over (versions_of_a_value) as denominator_before,
        lag(unit) over (versions_of_a_value) as unit_before,
        lag(last_day) over (versions_of_a_value) as last_day_before,
        lag(is_complete) over (versions_of_a_value) as was_complete,
        lag(is_provisional) over (versions_of_a_value) as was_provisional,
        min(case when value is not null then reported_from end) over (versions_of_a_value) as first_reported_at
    from {{ ref('kpi_history') }}
    window versions_of_a_value as (partition by kpi_id, grain, period_start order by reported_from)
),

changed as (
    select
        versions.*,
        reports.has_new_definition,
        reports.disconnected
    from versions
    inner join {{ ref('kpi_reports') }} as reports on versions.reported_from = reports.reported_at
    where
        versions.value_before is not null
        {%- if is_incremental() %}
        and versions.reported_from > coalesce((select max(changed_at) from {{ this }}), cast('1970-01-01' as timestamp))
        {%- endif %}
        and (
            versions.value is distinct from versions.value_before
            or versions.numerator is distinct from versions.numerator_before
            or versions.denominator is distinct from versions.denominator_before
        )
),

slice_changes as (
    select distinct
        kpi_sources.kpi_id,
        slices.source,
        slices.date_day,
        reports.reported_at as reported_from
    from {{ ref('fct_slice_changes') }} as slices
    inner join {{ ref('kpi_reports') }} as reports
        on
            slices.changed_at <= reports.reported_at
            and slices.changed_at > reports.reported_before_at
    inner join {{ ref('kpi_sources') }} as kpi_sources
        on
            slices.source = kpi_sources.source
            and slices.table_name = kpi_sources.table_name
    where reports.reported_at in (select changed.reported_from from changed)
),

candidates as (
    select
        changed.kpi_id,
        changed.grain,
        changed.period_start,
        changed.reported_from,
        slices.source,
        case
            when slices.date_day between changed.period_start and changed.last_day then slices.source
        end as source_within
    from changed
    inner join slice_changes as slices
        on
            changed.kpi_id = slices.kpi_id
            and changed.reported_from = slices.reported_from
),

causes as (
    select
        kpi_id,
        grain,
        period_start,
        reported_from,
        {{ dbt.listagg('distinct source_within', "', '", 'order by source_within') }} as sources_within,
        {{ dbt.listagg('distinct source', "', '", 'order by source') }} as sources
    from candidates
    group by kpi_id, grain, period_start, reported_from
)

select
    changed.kpi_id,
    changed.grain,
    changed.period_start,
    changed.value_before,
    changed.value as value_after,
    changed.numerator_before,
    changed.numerator as numerator_after,
    changed.denominator_before,
    changed.denominator as denominator_after,
    changed.unit_before,
    changed.unit as unit_after,
    changed.was_complete,
    changed.was_provisional,
    changed.last_day > changed.last_day_before as has_new_days,
    changed.first_reported_at,
    changed.reported_from as changed_at,
    case
        when changed.disconnected != '' then 'disconnected ' || changed.disconnected
        when changed.has_new_definition and coalesce(causes.sources_within, '') != ''
            then 'definition, ' || causes.sources_within
        when changed.has_new_definition then 'definition'
        -- what counts for a period can have happened outside of it: a purchase after its prospects' opt-in
        else coalesce(nullif(causes.sources_within, ''), nullif(causes.sources, ''), 'time')
    end as cause
from changed
left join causes
    on
        changed.kpi_id = causes.kpi_id
        and changed.grain = causes.grain
        and changed.period_start = causes.period_start
        and changed.reported_from = causes.reported_from
