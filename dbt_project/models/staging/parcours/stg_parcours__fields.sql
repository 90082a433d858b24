with source as (
    select * from {{ source('parcours', 'fields') }}
)

select
    source,
    table_name,
    field,
    is_read,
    first_seen_at
from source
