with source as (
    select * from {{ source('files', 'affiliates') }}
)

select
    file_id,
    row_number as file_row,
    feed,
    affiliate_id,
    joined_at,
    left_at,
    status
from source
where filtered_by = ''
