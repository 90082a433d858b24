-- One row per person: the earliest opt-in ever seen, whichever tool showed it.
with ranked as (
    select
        *,
        row_number() over (partition by person_key order by opted_in_at, source) as earliest_first
    from {{ ref('int_opt_ins') }}
)

select
    opt_ins.person_key,
    opt_ins.source,
    opt_ins.opted_in_at,
    {{ business_day('opt_ins.opted_in_at', 'business.time_zone') }} as opted_in_on,
    opt_ins.is_approximate
from ranked as opt_ins
cross join {{ ref('int_business') }} as business
where opt_ins.earliest_first = 1
