with captures as (
    select * from {{ ref('fct_captures_by_period') }}
)

select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    captures.affiliates,
    captures.partners
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'ambassador'
        and periods.grain = whole.grain
        and periods.period_start = whole.period_start
left join captures
    on
        periods.grain = captures.grain
        and periods.period_start = captures.period_start
