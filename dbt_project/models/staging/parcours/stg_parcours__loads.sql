with source as (
    select * from {{ source('parcours', 'loads') }}
)

select
    source,
    table_name,
    account_id,
    definition,
    kind as load_kind,
    first_day,
    last_day,
    as_of as loaded_at,
    through,
    rows as rows_loaded,
    content_hash,
    warnings
from source
