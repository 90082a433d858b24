-- The change of each follow-up e-mail's lifetime counters from one capture to the next, dated on the capture.
with follow_ups as (
    select item as automation_id
    from {{ ref('stg_parcours__setting_items') }}
    where
        source = 'mailchimp'
        and setting = 'follow_up_automations'
),

captures as (
    select
        emails.*,
        lag(emails.emails_delivered) over (
            partition by emails.automation_id, emails.email_id order by emails.captured_on
        ) as delivered_before,
        lag(emails.emails_opened) over (
            partition by emails.automation_id, emails.email_id order by emails.captured_on
        ) as opened_before
    from {{ ref('stg_mailchimp__automation_emails') }} as emails
    inner join follow_ups on emails.automation_id = follow_ups.automation_id
)

select
    'mailchimp' as source,
    automation_id,
    email_id,
    captured_on,
    emails_delivered - delivered_before as emails_delivered,
    emails_opened - opened_before as emails_opened
from captures
-- the first capture is a baseline: when its messages were sent is unknown
where delivered_before is not null
