-- Every confirmed opt-in that a tool has ever shown, with a person and a date; over all tools.
select
    opt_ins.source,
    coalesce(persons.person_key, opt_ins.address_key) as person_key,
    opt_ins.opted_in_at,
    opt_ins.is_approximate
from {{ ref('int_told_opt_ins') }} as opt_ins
left join {{ ref('int_persons') }} as persons on opt_ins.address_key = persons.address_key
