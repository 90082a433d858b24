-- One row per comment or reply on the pages' posts; the pages' own are marked.
select
    comments.page_id,
    comments.post_id,
    comments.comment_id,
    comments.parent_comment_id,
    comments.created_at,
    comments.date_day,
    comments.is_own
from {{ ref('int_comments') }} as comments
cross join {{ ref('int_business') }} as business
where comments.date_day <= business.through
