with source as (
    select * from {{ source('files', 'reviews') }}
)

select
    file_id,
    row_number as file_row,
    feed,
    review_id,
    reviewed_at,
    rating
from source
where filtered_by = ''
