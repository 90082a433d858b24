-- No source feeds this stage yet: its columns are there, its values are unknown.
select
    grain,
    period_start,
    cast(null as double) as north_star,
    cast(null as bigint) as support_tickets,
    cast(null as bigint) as satisfied_answers,
    cast(null as bigint) as satisfaction_answers,
    cast(null as double) as customer_satisfaction
from {{ ref('dim_periods') }}
