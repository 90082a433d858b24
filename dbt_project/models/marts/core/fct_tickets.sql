-- One row per request for support; spam, deleted and merged ones left out.
select
    tickets.ticket_key,
    tickets.source,
    tickets.channel,
    tickets.created_at,
    tickets.date_day
from {{ ref('int_tickets') }} as tickets
cross join {{ ref('int_business') }} as business
where tickets.date_day <= business.through
