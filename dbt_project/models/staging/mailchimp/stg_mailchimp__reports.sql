with source as (
    select * from {{ source('mailchimp', 'reports') }}
)

select
    -- keys
    id as campaign_id,
    type as campaign_type,
    list_id,

    -- times
    {{ to_utc('send_time') }} as sent_at,

    -- counts
    emails_sent,
    {{ mailchimp_emails_delivered() }} as emails_delivered,
    opens__unique_opens as emails_opened_with_proxies,
    {{ mailchimp_emails_opened() }} as emails_opened,
    opens__proxy_excluded_unique_opens is null as has_proxies_in_opens,
    -- unique_clicks counts a person once per link
    clicks__unique_subscriber_clicks as emails_clicked
from source
