-- One row per raw table of a connected source: from which day and through which day it is loaded, over all accounts.
with loads as (
    select
        loads.source,
        loads.table_name,
        loads.account_id,
        loads.definition,
        min(loads.first_day) as first_day,
        max(loads.last_day) as last_day,
        min({{ business_day('loads.loaded_at', 'business.time_zone') }}) as first_captured_on,
        max({{ business_day('loads.loaded_at', 'business.time_zone') }}) as last_captured_on,
        max(loads.loaded_at) as loaded_at
    from {{ ref('stg_parcours__loads') }} as loads
    cross join {{ ref('int_business') }} as business
    -- a backfill reads again, and extends nothing
    where loads.load_kind != 'backfill'
    group by loads.source, loads.table_name, loads.account_id, loads.definition
),

held as (
    select
        source,
        table_name,
        max(case when rows_held > 0 then date_day end) as newest_day,
        cast(sum(rows_held) as bigint) as rows_held
    from {{ ref('stg_parcours__slices') }}
    group by source, table_name
)

select
    scopes.source,
    scopes.table_name,
    max(held.newest_day) as newest_day,
    coalesce(max(held.rows_held), 0) as rows_held,
    max(scopes.reread_days) as reread_days,
    count(*) as scopes,
    count(loads.last_day) as scopes_loaded,
    -- a table is loaded as far as the account that lags behind
    case
        when count(loads.last_day) = count(*)
            then max(case when scopes.kind = 'snapshots' then loads.first_captured_on else loads.first_day end)
    end as loaded_from,
    case
        when count(loads.last_day) = count(*)
            then min(case when scopes.kind = 'snapshots' then loads.last_captured_on else loads.last_day end)
    end as loaded_through,
    min(loads.loaded_at) as loaded_at
from {{ ref('stg_parcours__scopes') }} as scopes
left join loads
    on
        scopes.source = loads.source
        and scopes.table_name = loads.table_name
        and scopes.account_id = loads.account_id
        and scopes.definition = loads.definition
left join held
    on
        scopes.source = held.source
        and scopes.table_name = held.table_name
group by scopes.source, scopes.table_name
