-- One row per campaign that was sent; an A/B test is one campaign, an automation's e-mails are none.
with campaigns as (
    select * from {{ ref('stg_brevo__campaigns') }}
)

select
    campaign_id as broadcast_id,
    list_id,
    sent_at,
    emails_sent,
    emails_delivered,
    emails_opened,
    emails_opened_with_proxies,
    emails_clicked,
    has_proxies_in_opens
from campaigns
where
    coalesce(campaign_type, 'classic') <> 'trigger'
    and sent_at is not null
