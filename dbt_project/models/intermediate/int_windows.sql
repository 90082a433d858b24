-- The days of which each source counts: all, but where the settings say from when or until when.
select
    source,
    coalesce(counts_from, cast('0001-01-01' as date)) as first_day,
    coalesce(counts_until, cast('9999-12-31' as date)) as last_day
from {{ ref('stg_parcours__sources') }}
