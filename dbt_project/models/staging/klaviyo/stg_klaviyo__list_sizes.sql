-- Who unsubscribes leaves the list; the vendor counts those who are only suppressed, after a bounce for example.
select
    list_id,
    captured_on,
    profiles as members_subscribed
from {{ ref('stg_klaviyo__lists') }}
