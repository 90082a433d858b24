-- Follow-up e-mails per day: messages one by one on the day they were sent, and counters as the change from one capture
-- to the next, dated on the capture.
with follow_ups as (
    select
        source,
        item as automation_id
    from {{ ref('stg_parcours__setting_items') }}
    where setting = 'follow_up_automations'
),

captures as (
    select
        counters.*,
        lag(counters.emails_delivered) over (
            partition by counters.source, counters.automation_id, counters.email_id order by counters.captured_on
        ) as delivered_before,
        lag(counters.emails_opened) over (
            partition by counters.source, counters.automation_id, counters.email_id order by counters.captured_on
        ) as opened_before
    from {{ ref('int_automation_counters') }} as counters
    inner join follow_ups
        on
            counters.source = follow_ups.source
            and counters.automation_id = follow_ups.automation_id
),

dated as (
    select
        source,
        automation_id,
        email_id,
        captured_on as date_day,
        'event' as basis,
        emails_delivered - delivered_before as emails_delivered,
        emails_opened - opened_before as emails_opened
    from captures
    -- the first capture is a baseline: when its messages were sent is unknown
    where delivered_before is not null
    union all
    select
        messages.source,
        messages.automation_id,
        messages.email_id,
        messages.sent_on as date_day,
        'sent' as basis,
        count(*) as emails_delivered,
        count(case when messages.is_opened then 1 end) as emails_opened
    from {{ ref('int_automation_messages') }} as messages
    inner join follow_ups
        on
            messages.source = follow_ups.source
            and messages.automation_id = follow_ups.automation_id
    group by messages.source, messages.automation_id, messages.email_id, messages.sent_on
)

select
    dated.source,
    dated.automation_id,
    dated.email_id,
    dated.date_day,
    dated.basis,
    dated.emails_delivered,
    dated.emails_opened
from dated
{{ in_window('dated.source', 'dated.date_day') }}
