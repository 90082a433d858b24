-- How each source fares: its last loads, how fresh its data are, what it used of its quota, and what it warns of.
with ranked as (
    select
        *,
        row_number() over (partition by source order by tried_at desc) as latest_first
    from {{ ref('fct_source_outcomes') }}
),

successes as (
    select
        source,
        max(tried_at) as last_success_at
    from {{ ref('fct_source_outcomes') }}
    where status in ('loaded', 'partial')
    group by source
),

tables as (
    select
        source,
        max(newest_day) as newest_day,
        min(loaded_through) as loaded_through,
        cast(sum(rows_held) as bigint) as rows_held
    from {{ ref('dim_source_tables') }}
    group by source
),

gaps as (
    select
        source,
        table_name,
        metric,
        gap,
        gap_share,
        row_number() over (partition by source order by abs(gap_share) desc, table_name asc, metric asc) as widest_first
    from {{ ref('fct_dimensional_gaps') }}
),

caveats as (
    select
        source,
        {{ dbt.listagg('distinct caveat', "', '", 'order by caveat') }} as caveats
    from {{ ref('fct_caveats') }}
    group by source
)

select
    sources.source,
    sources.title,
    sources.is_connected,
    case
        when not sources.is_connected then 'not connected'
        when sources.has_ended then 'ended'
        else coalesce(latest.status, 'never loaded')
    end as status,
    successes.last_success_at,
    latest.tried_at as last_tried_at,
    case when sources.has_ended then '' else coalesce(latest.error, '') end as error,
    case when sources.has_ended then '[]' else coalesce(latest.warnings, '[]') end as warnings,
    tables.newest_day,
    tables.loaded_through,
    business.through as expected_through,
    case
        when sources.has_ended or tables.loaded_through >= business.through then 0
        else {{ dbt.datediff('tables.loaded_through', 'business.through', 'day') }}  -- noqa: LT05
    end as days_behind,
    coalesce(latest.rows_loaded, 0) as rows_loaded,
    coalesce(tables.rows_held, 0) as rows_held,
    sources.deep_loaded_at,
    coalesce(latest.quota, '{}') as quota,
    coalesce(caveats.caveats, '') as caveats,
    sources.new_fields,
    gaps.table_name || '.' || gaps.metric as widest_gap_in,
    gaps.gap as widest_gap,
    gaps.gap_share as widest_gap_share,
    sources.api_version,
    sources.api_ends_on,
    {{ dbt.datediff('business.as_of_day', 'sources.api_ends_on', 'day') }} as api_days_left,  -- noqa: LT05
    sources.credential_expires_on,
    {{ dbt.datediff('business.as_of_day', 'sources.credential_expires_on', 'day') }} as credential_days_left,  -- noqa: LT05
    sources.credential_renewal
from {{ ref('dim_sources') }} as sources
cross join {{ ref('dim_business') }} as business
left join ranked as latest
    on
        sources.source = latest.source
        and latest.latest_first = 1
left join successes on sources.source = successes.source
left join tables on sources.source = tables.source
left join gaps
    on
        sources.source = gaps.source
        and gaps.widest_first = 1
left join caveats on sources.source = caveats.source
