select
    list_id,
    captured_on,
    members_subscribed
from {{ ref('stg_mailchimp__lists') }}
