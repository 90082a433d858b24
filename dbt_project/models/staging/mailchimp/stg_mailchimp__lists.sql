with source as (
    select * from {{ source('mailchimp', 'lists') }}
)

select
    id as list_id,
    captured_on,
    captured_at,
    name as list_name,
    stats__member_count as members_subscribed
from source
