with source as (
    select * from {{ source('files', 'tickets') }}
)

select
    file_id,
    row_number as file_row,
    feed,
    ticket_id,
    created_at,
    status
from source
where filtered_by = ''
