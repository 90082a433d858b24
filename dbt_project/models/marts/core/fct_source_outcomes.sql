-- One row per source and refresh: whether it loaded, and what it said.
select
    source,
    tried_at,
    status,
    rows_loaded,
    warnings,
    quota,
    error
from {{ ref('int_source_outcomes') }}
