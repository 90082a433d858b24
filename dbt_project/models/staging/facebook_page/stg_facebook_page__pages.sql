with source as (
    select * from {{ source('facebook_page', 'pages') }}
)

select
    page_id,
    captured_on,
    captured_at,
    name as page_name,
    fan_count as likes,
    followers_count as followers
from source
