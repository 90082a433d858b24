with source as (
    select * from {{ source('parcours', 'slices') }}
)

select
    source,
    table_name,
    account_id,
    date_day,
    as_of as loaded_at,
    rows as rows_held,
    content_hash
from source
