with source as (
    select * from {{ source('files', 'mentions') }}
)

select distinct
    feed || ':' || mention_id as mention_id,
    -- a mention that stands in several files counts once
    min(mentioned_at) over (partition by feed, mention_id) as mentioned_at,
    coalesce(max(channel) over (partition by feed, mention_id), feed) as channel
from source
where filtered_by = ''
