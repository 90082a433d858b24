-- One row per follow-up e-mail and capture: messages delivered and opened since the capture before.
select
    source,
    automation_id,
    email_id,
    captured_on as date_day,
    emails_delivered,
    emails_opened
from {{ ref('int_followup_emails') }}
