-- One row per e-mail sent to a list: no automations, no journeys, no A/B children beside their parent.
with reports as (
    select * from {{ ref('stg_mailchimp__reports') }}
),

ab_tests as (
    select campaign_id
    from {{ ref('stg_mailchimp__campaigns') }}
    where campaign_type in ('variate', 'absplit', 'ab_split')
),

ab_children as (
    select campaigns.campaign_id
    from {{ ref('stg_mailchimp__campaigns') }} as campaigns
    inner join ab_tests on campaigns.parent_campaign_id = ab_tests.campaign_id
)

select
    'mailchimp' as source,
    'mailchimp:' || reports.campaign_id as broadcast_key,
    reports.list_id,
    reports.sent_at,
    {{ business_day('reports.sent_at', 'business.time_zone') }} as sent_on,
    reports.emails_sent,
    reports.emails_delivered,
    reports.emails_opened,
    reports.emails_opened_with_proxies,
    reports.emails_clicked,
    reports.has_proxies_in_opens
from reports
cross join {{ ref('int_business') }} as business
left join ab_children on reports.campaign_id = ab_children.campaign_id
where
    -- the vendor may add types it does not document: they are not broadcasts
    reports.campaign_type in (
        'regular', 'plaintext', 'plain-text', 'rss', 'variate', 'absplit', 'ab_split'
    )
    and reports.sent_at is not null
    and ab_children.campaign_id is null
