-- One row per refresh.
select
    refreshed_at,
    through,
    definition
from {{ ref('int_refreshes') }}
