-- One row per e-mail sent to a list: no automations, no journeys, no A/B children beside their parent.
with reports as (
    select * from {{ ref('stg_mailchimp__reports') }}
),

campaigns as (
    select * from {{ ref('stg_mailchimp__campaigns') }}
),

ab_children as (
    select campaigns.campaign_id
    from campaigns
    inner join campaigns as ab_tests on campaigns.parent_campaign_id = ab_tests.campaign_id
    where ab_tests.campaign_type in ('variate', 'absplit', 'ab_split')
)

select
    reports.campaign_id as broadcast_id,
    reports.list_id,
    reports.sent_at,
    reports.emails_sent,
    reports.emails_delivered,
    reports.emails_opened,
    reports.emails_opened_with_proxies,
    reports.emails_clicked,
    reports.has_proxies_in_opens
from reports
left join ab_children on reports.campaign_id = ab_children.campaign_id
where
    -- the vendor may add types it does not document: they are not broadcasts
    reports.campaign_type in (
        'regular', 'plaintext', 'plain-text', 'rss', 'variate', 'absplit', 'ab_split'
    )
    and reports.sent_at is not null
    and ab_children.campaign_id is null
