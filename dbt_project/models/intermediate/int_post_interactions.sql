-- The change of each post's reactions, comments and shares from one capture to the next, dated on the capture.
with captures as (
    select
        page_id,
        post_id,
        captured_on,
        captured_at,
        created_at,
        reactions + comments + shares as interactions,
        lag(reactions + comments + shares) over (
            partition by page_id, post_id order by captured_on
        ) as interactions_before
    from {{ ref('stg_facebook_page__posts') }}
),

first_captures as (
    select
        page_id,
        min(captured_at) as first_captured_at
    from {{ ref('stg_facebook_page__pages') }}
    group by page_id
),

dated as (
    select
        captures.page_id,
        captures.post_id,
        captures.captured_on,
        -- all that a new post has gathered belongs to the day it was published
        case
            when captures.interactions_before is null
                then {{ business_day('captures.created_at', 'business.time_zone') }}
            else captures.captured_on
        end as date_day,
        captures.interactions - coalesce(captures.interactions_before, 0) as interactions
    from captures
    cross join {{ ref('int_business') }} as business
    inner join first_captures on captures.page_id = first_captures.page_id
    where
        captures.interactions_before is not null
        -- an older post's first capture is a baseline: when it gathered what it has is unknown
        or captures.created_at > first_captures.first_captured_at
        or captures.captured_at <= {{ dbt.dateadd('hour', 24, 'captures.created_at') }}
)

select
    dated.page_id,
    dated.post_id,
    dated.captured_on,
    dated.date_day,
    dated.interactions
from dated
{{ in_window("'facebook_page'", 'dated.date_day') }}
