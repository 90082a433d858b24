-- Every confirmed opt-in that a tool has ever shown, with a person and a date; over all tools, each in its days.
select
    opt_ins.source,
    coalesce(persons.person_key, opt_ins.address_key) as person_key,
    opt_ins.opted_in_at,
    opt_ins.is_approximate
from {{ ref('int_told_opt_ins') }} as opt_ins
left join {{ ref('int_persons') }} as persons on opt_ins.address_key = persons.address_key
cross join {{ ref('int_business') }} as business
{{ in_window('opt_ins.source', business_day('opt_ins.opted_in_at', 'business.time_zone')) }}
