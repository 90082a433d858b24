-- Comments and replies on the pages' posts, by their own creation day.
select
    comments.page_id,
    comments.post_id,
    comments.comment_id,
    comments.parent_comment_id,
    comments.created_at,
    {{ business_day('comments.created_at', 'business.time_zone') }} as date_day,
    comments.is_own
from {{ ref('stg_facebook_page__comments') }} as comments
cross join {{ ref('int_business') }} as business
{{ in_window("'facebook_page'", business_day('comments.created_at', 'business.time_zone')) }}
