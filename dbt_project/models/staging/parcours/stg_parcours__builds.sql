with source as (
    select * from {{ source('parcours', 'builds') }}
)

select
    as_of as built_at,
    definition
from source
