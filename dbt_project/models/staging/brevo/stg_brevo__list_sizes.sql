with lists as (
    select * from {{ ref('stg_brevo__lists') }}
)

select
    list_id,
    captured_on,
    -- who left or bounced stays on the list, blacklisted
    members - members_blacklisted as members_subscribed
from lists
