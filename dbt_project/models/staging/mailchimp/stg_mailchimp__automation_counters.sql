select
    automation_id,
    email_id,
    captured_on,
    emails_delivered,
    emails_opened
from {{ ref('stg_mailchimp__automation_emails') }}
