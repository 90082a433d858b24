with captures as (
    select * from {{ ref('fct_captures_by_period') }}
)

select
    periods.grain,
    periods.period_start,
    captures.affiliates,
    captures.partners
from {{ ref('dim_periods') }} as periods
left join captures
    on
        periods.grain = captures.grain
        and periods.period_start = captures.period_start
