with source as (
    select * from {{ source('files', 'spend') }}
)

select
    file_id,
    row_number as file_row,
    feed,
    date_day,
    channel,
    campaign,
    currency,
    amount
from source
where filtered_by = ''
