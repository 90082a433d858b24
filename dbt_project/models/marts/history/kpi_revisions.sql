-- Each published value that changed later: what it was, what it became, when and why. New ones are added by each refresh.
{{ config(materialized='incremental', unique_key='changed_at', on_schema_change='fail') }}
with versions as (
    select
        *,
        lag(value) over (partition by kpi_id, grain, period_start order by reported_from) as value_before,
        lag(numerator) over (partition by kpi_id, grain, period_start order by reported_from) as numerator_before,
        lag(denominator) over (partition by kpi_id, grain, period_start order by reported_from) as denominator_before,
        lag(last_day) over (partition by kpi_id, grain, period_start order by reported_from) as last_day_before,
        lag(is_complete) over (partition by kpi_id, grain, period_start order by reported_from) as was_complete,
        lag(is_provisional) over (partition by kpi_id, grain, period_start order by reported_from) as was_provisional,
        min(case when value is not null then reported_from end)
            over (partition by kpi_id, grain, period_start) as first_reported_at
    from {{ ref('kpi_history') }}
),

-- the refreshes that published something new, and the one before each
reports as (
    select
        reported_from as reported_at,
        lag(reported_from) over (order by reported_from) as reported_before_at
    from (select distinct reported_from from {{ ref('kpi_history') }}) as instants
),

changed as (
    select
        versions.*,
        reports.reported_before_at
    from versions
    inner join reports on versions.reported_from = reports.reported_at
    where
        versions.value_before is not null
        and (
            versions.value is distinct from versions.value_before
            or versions.numerator is distinct from versions.numerator_before
            or versions.denominator is distinct from versions.denominator_before
        )
        {%- if is_incremental() %}
        and versions.reported_from >= (select coalesce(max(changed_at), cast('1970-01-01' as timestamp)) from {{ this }})
        {%- endif %}
),

slice_changes as (
    select distinct
        kpi_sources.kpi_id,
        changes.source,
        changes.date_day,
        reports.reported_at
    from {{ ref('fct_slice_changes') }} as changes
    inner join {{ ref('kpi_sources') }} as kpi_sources
        on
            changes.source = kpi_sources.source
            and changes.table_name = kpi_sources.table_name
    inner join reports
        on
            changes.changed_at <= reports.reported_at
            and changes.changed_at > reports.reported_before_at
    inner join (select distinct reported_from from changed) as news on reports.reported_at = news.reported_from
),

causes as (
    select
        changed.kpi_id,
        changed.grain,
        changed.period_start,
        changed.reported_from,
        {{ dbt.listagg('distinct case when slice_changes.date_day between changed.period_start and changed.last_day then slice_changes.source end', "', '", "order by case when slice_changes.date_day between changed.period_start and changed.last_day then slice_changes.source end") }}
            as sources_within,
        {{ dbt.listagg('distinct slice_changes.source', "', '", 'order by slice_changes.source') }} as sources
    from changed
    inner join slice_changes
        on
            changed.kpi_id = slice_changes.kpi_id
            and changed.reported_from = slice_changes.reported_at
    group by changed.kpi_id, changed.grain, changed.period_start, changed.reported_from
),

definitions as (
    select
        reports.reported_at,
        now_defined.definition is distinct from was_defined.definition as has_changed
    from reports
    inner join {{ ref('fct_refreshes') }} as now_defined on reports.reported_at = now_defined.refreshed_at
    inner join {{ ref('fct_refreshes') }} as was_defined on reports.reported_before_at = was_defined.refreshed_at
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
    changed.unit,
    changed.was_complete,
    changed.was_provisional,
    changed.last_day > changed.last_day_before as has_new_days,
    changed.first_reported_at,
    changed.reported_from as changed_at,
    case
        when definitions.has_changed and coalesce(causes.sources_within, '') != ''
            then 'definition, ' || causes.sources_within
        when definitions.has_changed then 'definition'
        -- what counts for a period can have happened outside of it: a purchase after its prospects' opt-in
        else coalesce(nullif(causes.sources_within, ''), causes.sources, 'time')
    end as cause
from changed
left join causes
    on
        changed.kpi_id = causes.kpi_id
        and changed.grain = causes.grain
        and changed.period_start = causes.period_start
        and changed.reported_from = causes.reported_from
left join definitions on changed.reported_from = definitions.reported_at
