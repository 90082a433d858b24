-- No source feeds this stage yet: its columns are there, its values are unknown.
select
    grain,
    period_start,
    cast(null as bigint) as affiliates,
    cast(null as bigint) as partners
from {{ ref('dim_periods') }}
