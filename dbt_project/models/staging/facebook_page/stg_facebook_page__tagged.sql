with source as (
    select * from {{ source('facebook_page', 'tagged') }}
)

select
    page_id,
    id as post_id,
    {{ to_utc('created_time') }} as created_at,
    author_key = page_id as is_own
from source
