-- Every refresh, with the hash of the models and settings that its figures were defined by.
select
    refreshed_at,
    through,
    definition
from {{ ref('stg_parcours__refreshes') }}
