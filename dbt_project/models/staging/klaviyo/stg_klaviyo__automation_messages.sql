-- One row per message that a flow has delivered; who gets a flow's e-mail twice opens the last one before the open.
with events as (
    select * from {{ ref('stg_klaviyo__events') }}
    where flow_id is not null
),

deliveries as (
    select
        flow_id,
        message_id,
        event_id,
        profile_id,
        occurred_at,
        lead(occurred_at) over (
            partition by flow_id, message_id, profile_id order by occurred_at, event_id
        ) as next_delivered_at
    from events
    where event_name = 'Received Email'
),

opened as (
    select distinct deliveries.event_id
    from deliveries
    inner join events as opens
        on
            deliveries.flow_id = opens.flow_id
            and deliveries.message_id = opens.message_id
            and deliveries.profile_id = opens.profile_id
            and deliveries.occurred_at <= opens.occurred_at
            and (deliveries.next_delivered_at is null or deliveries.next_delivered_at > opens.occurred_at)
    where
        opens.event_name = 'Opened Email'
        and opens.is_by_machine is not true
)

select
    deliveries.flow_id as automation_id,
    deliveries.message_id as email_id,
    deliveries.event_id as message_id,
    deliveries.occurred_at as sent_at,
    opened.event_id is not null as is_opened
from deliveries
left join opened on deliveries.event_id = opened.event_id
