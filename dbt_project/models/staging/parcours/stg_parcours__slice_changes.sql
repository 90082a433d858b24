with source as (
    select * from {{ source('parcours', 'slice_changes') }}
)

select
    source,
    table_name,
    account_id,
    date_day,
    changed_at,
    rows_before,
    rows_after
from source
