-- One row per person: the earliest opt-in ever seen, whichever tool showed it.
select
    opt_ins.person_key,
    min(opt_ins.opted_in_at) as opted_in_at,
    {{ business_day('min(opt_ins.opted_in_at)', 'max(business.time_zone)') }} as opted_in_on
from {{ ref('int_opt_ins') }} as opt_ins
cross join {{ ref('int_business') }} as business
group by opt_ins.person_key
