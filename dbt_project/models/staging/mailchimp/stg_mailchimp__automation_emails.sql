with source as (
    select * from {{ source('mailchimp', 'automation_emails') }}
)

select
    -- keys
    automation_id,
    id as email_id,
    captured_on,

    -- times
    captured_at,
    {{ to_utc('create_time') }} as created_at,

    -- lifetime counters
    emails_sent,
    {{ mailchimp_emails_delivered() }} as emails_delivered,
    opens__unique_opens as emails_opened_with_proxies,
    {{ mailchimp_emails_opened() }} as emails_opened,
    opens__proxy_excluded_unique_opens is null as has_proxies_in_opens,
    -- unique_clicks counts a person once per link
    clicks__unique_subscriber_clicks as emails_clicked
from source
