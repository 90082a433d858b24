-- One row per post and capture: how many reactions, comments and shares it gained or lost, and the day they count for.
select
    page_id,
    post_id,
    captured_on,
    date_day,
    interactions
from {{ ref('int_post_interactions') }}
