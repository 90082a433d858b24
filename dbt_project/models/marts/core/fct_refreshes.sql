-- One row per refresh.
select
    refreshed_at,
    through,
    definition,
    disconnected
from {{ ref('int_refreshes') }}
