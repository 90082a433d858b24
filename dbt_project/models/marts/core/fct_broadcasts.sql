-- One row per e-mail sent to a list, with what its recipients did so far, by the day of sending.
select
    broadcasts.broadcast_key,
    broadcasts.source,
    broadcasts.list_id,
    broadcasts.sent_at,
    broadcasts.sent_on as date_day,
    broadcasts.emails_sent,
    broadcasts.emails_delivered,
    broadcasts.emails_opened,
    broadcasts.emails_opened_with_proxies,
    broadcasts.emails_clicked,
    broadcasts.has_proxies_in_opens
from {{ ref('int_broadcasts') }} as broadcasts
cross join {{ ref('int_business') }} as business
where broadcasts.sent_on <= business.through
