-- Public posts that name the brand, one row per post, by creation day; the brand's own left out.
with mentions as (
    select
        'facebook_page' as source,
        'facebook:' || post_id as mention_key,
        created_at
    from {{ ref('stg_facebook_page__tagged') }}
    where not is_own
    union all
    select
        'files' as source,
        feed || ':' || mention_id as mention_key,
        mentioned_at as created_at
    from {{ ref('stg_files__mentions') }}
)

select
    mentions.mention_key,
    min(mentions.source) as source,
    min({{ business_day('mentions.created_at', 'business.time_zone') }}) as date_day
from mentions
cross join {{ ref('int_business') }} as business
-- a post that tags two pages is one mention
group by mentions.mention_key
