with source as (
    select * from {{ source('parcours', 'refreshes') }}
)

select
    as_of as refreshed_at,
    through,
    history_start,
    definition
from source
