-- The slices that changed since all models were last built: what incremental models read again.
with last_build as (
    select coalesce(max(built_at), cast('1970-01-01' as timestamp)) as built_at
    from {{ ref('stg_parcours__builds') }}
)

select distinct
    changes.source,
    changes.table_name,
    changes.account_id,
    changes.date_day
from {{ ref('stg_parcours__slice_changes') }} as changes
cross join last_build
-- a refresh that is run again at the same instant takes its own changes again
where changes.changed_at >= last_build.built_at
