with source as (
    select * from {{ source('files', 'leads') }}
)

select
    file_id,
    row_number as file_row,
    feed,
    cast(null as varchar) as contact_id,
    coalesce(nullif(email_key, ''), person_id) as person_key,
    opted_in_at,
    false as is_approximate,
    list_name
from source
where filtered_by = ''
