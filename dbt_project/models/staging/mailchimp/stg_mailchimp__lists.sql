with source as (
    select * from {{ source('mailchimp', 'lists') }}
)

select
    id as list_id,
    captured_on,
    captured_at,
    name as list_name,
    cast({{ json_text('stats', 'member_count') }} as bigint) as members_subscribed
from source
