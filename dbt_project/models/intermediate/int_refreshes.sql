-- Every refresh, with the hash of the models and settings that its figures were defined by. One more reports what is
-- left when a source, or an account of one, is disconnected.
select
    refreshes.refreshed_at,
    refreshes.through,
    refreshes.definition,
    coalesce(disconnections.disconnected, '') as disconnected
from {{ ref('stg_parcours__refreshes') }} as refreshes
left join {{ ref('stg_parcours__disconnections') }} as disconnections
    on refreshes.refreshed_at = disconnections.disconnected_at
