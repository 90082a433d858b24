with source as (
    select * from {{ source('parcours', 'feeds') }}
)

select
    source,
    entity,
    table_name
from source
