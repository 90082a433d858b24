-- Posts of others that tag a page: one row per post, also where it tags two pages.
with tagged as (
    select * from {{ ref('stg_facebook_page__tagged') }}
)

select
    'facebook:' || post_id as mention_id,
    min(created_at) as mentioned_at,
    'facebook' as channel
from tagged
where not is_own
group by post_id
