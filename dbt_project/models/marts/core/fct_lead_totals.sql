-- New leads per day of tools that tell their number and not who they are.
select
    leads.source,
    leads.account_id,
    leads.date_day,
    leads.leads
from {{ ref('int_lead_totals') }} as leads
cross join {{ ref('int_business') }} as business
where leads.date_day <= business.through
