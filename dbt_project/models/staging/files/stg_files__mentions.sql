with source as (
    select * from {{ source('files', 'mentions') }}
)

select
    file_id,
    row_number as file_row,
    feed,
    mention_id,
    mentioned_at,
    channel
from source
where filtered_by = ''
