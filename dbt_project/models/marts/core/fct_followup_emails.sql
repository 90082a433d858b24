-- One row per follow-up e-mail and day: messages delivered and opened, by the day of sending or of the capture.
select
    emails.source,
    emails.automation_id,
    emails.email_id,
    emails.date_day,
    emails.basis,
    emails.emails_delivered,
    emails.emails_opened
from {{ ref('int_followup_emails') }} as emails
cross join {{ ref('int_business') }} as business
-- a capture belongs to its own day, also after the last loaded one
where emails.basis = 'event' or emails.date_day <= business.through
