with source as (
    select * from {{ source('parcours', 'fields') }}
)

select
    source,
    table_name,
    field,
    first_seen_at
from source
