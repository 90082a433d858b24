-- One row per campaign that has reached somebody; raw holds only those whose events were asked for from their start.
with campaigns as (
    select * from {{ ref('stg_klaviyo__campaigns') }}
),

events as (
    select * from {{ ref('stg_klaviyo__events') }}
),

-- an event names its message or, in some accounts, the campaign itself
messages as (
    select
        campaign_id,
        unnest(message_ids) as message_id
    from campaigns
    union
    select
        campaign_id,
        campaign_id as message_id
    from campaigns
),

campaign_events as (
    select
        messages.campaign_id,
        events.profile_id,
        events.event_name,
        events.is_by_machine,
        events.event_name = 'Opened Email' and events.is_by_machine is not true as is_opened,
        events.event_name = 'Clicked Email' and events.is_by_bot is not true as is_clicked
    from events
    inner join messages on events.message_id = messages.message_id
    where events.flow_id is null
),

counts as (
    select
        campaign_id,
        count(distinct case when event_name in ('Received Email', 'Bounced Email') then profile_id end) as emails_sent,
        count(distinct case when event_name = 'Received Email' then profile_id end) as emails_delivered,
        count(distinct case when is_opened then profile_id end) as emails_opened,
        count(distinct case when event_name = 'Opened Email' then profile_id end) as emails_opened_with_proxies,
        count(distinct case when is_clicked then profile_id end) as emails_clicked,
        bool_or(event_name = 'Opened Email' and is_by_machine is null) as has_proxies_in_opens
    from campaign_events
    group by campaign_id
)

select
    campaigns.campaign_id as broadcast_id,
    campaigns.list_id,
    campaigns.sent_at,
    counts.emails_sent,
    counts.emails_delivered,
    counts.emails_opened,
    counts.emails_opened_with_proxies,
    counts.emails_clicked,
    counts.has_proxies_in_opens
from campaigns
inner join counts on campaigns.campaign_id = counts.campaign_id
