-- Every source that can be connected, with its API's and its credential's life, and the fields that its vendor added
-- since the first load.
with loads as (
    select
        source,
        min(loaded_at) as first_loaded_at,
        max(case when load_kind in ('first', 'deep') then loaded_at end) as deep_loaded_at
    from {{ ref('stg_parcours__loads') }}
    group by source
),

fields as (
    select
        *,
        min(first_seen_at) over (partition by source, table_name) as table_first_seen_at
    from {{ ref('stg_parcours__fields') }}
),

new_fields as (
    select
        source,
        {{ dbt.listagg("table_name || '.' || field", "', '", "order by table_name || '.' || field") }} as new_fields
    from fields
    where first_seen_at > table_first_seen_at and not is_read
    group by source
)

select
    sources.source,
    sources.title,
    sources.is_connected,
    sources.api_version,
    case when not sources.has_ended then sources.api_ends_on end as api_ends_on,
    credentials.credential_expires_on,
    case when credentials.credential_expires_on is not null then sources.credential_renewal end as credential_renewal,
    loads.first_loaded_at,
    loads.deep_loaded_at,
    coalesce(new_fields.new_fields, '') as new_fields,
    sources.counts_from,
    sources.counts_until,
    sources.has_ended
from {{ ref('stg_parcours__sources') }} as sources
left join {{ ref('stg_parcours__credentials') }} as credentials
    on
        sources.source = credentials.source
        and sources.is_connected
        and not sources.has_ended
left join loads on sources.source = loads.source
left join new_fields on sources.source = new_fields.source
