-- One row per delivered message and recipient. The vendor names no workflow: an e-mail's tag tells its automation and
-- its template which e-mail it is; without a tag, the template is both. With neither, it is no automation's.
with events as (
    select * from {{ ref('stg_brevo__events') }}
),

messages as (
    select
        message_id,
        email_key,
        max(tag) as tag,
        max(template_id) as template_id,
        min(case when event_name = 'delivered' then occurred_at end) as delivered_at,
        max(case when event_name = 'opened' then 1 else 0 end) as opened
    from events
    group by message_id, email_key
)

select
    coalesce(tag, template_id) as automation_id,
    coalesce(template_id, tag) as email_id,
    message_id || ':' || email_key as message_id,
    delivered_at as sent_at,
    opened = 1 as is_opened
from messages
where
    delivered_at is not null
    and coalesce(tag, template_id) is not null
