with source as (
    select * from {{ source('parcours', 'scopes') }}
)

select
    source,
    table_name,
    account_id,
    definition,
    kind,
    reread_days
from source
