with source as (
    select * from {{ source('facebook_page', 'posts') }}
)

select
    -- keys
    page_id,
    id as post_id,
    captured_on,

    -- times
    captured_at,
    {{ to_utc('created_time') }} as created_at,

    -- counters; absent is zero, and likes are among the reactions
    cast(coalesce({{ json_text('reactions', 'summary.total_count') }}, '0') as bigint) as reactions,
    cast(coalesce({{ json_text('comments', 'summary.total_count') }}, '0') as bigint) as comments,
    cast(coalesce({{ json_text('shares', 'count') }}, '0') as bigint) as shares
from source
