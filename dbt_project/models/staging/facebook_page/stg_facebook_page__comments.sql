with source as (
    select * from {{ source('facebook_page', 'comments') }}
)

select
    page_id,
    post_id,
    id as comment_id,
    nullif(parent_id, '') as parent_comment_id,
    {{ to_utc('created_time') }} as created_at,
    -- an author whom the vendor withholds counts as somebody else
    author_key = page_id as is_own
from source
