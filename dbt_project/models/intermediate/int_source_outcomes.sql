-- How each source fared in each refresh.
select
    source,
    tried_at,
    status,
    rows_loaded,
    warnings,
    quota,
    error
from {{ ref('stg_parcours__outcomes') }}
