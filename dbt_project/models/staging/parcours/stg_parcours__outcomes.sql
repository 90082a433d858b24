with source as (
    select * from {{ source('parcours', 'outcomes') }}
)

select
    source,
    as_of as tried_at,
    status,
    rows as rows_loaded,
    warnings,
    quota,
    error
from source
