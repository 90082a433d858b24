-- Every KPI in long form: value, parts, flags, and the sources that it comes from.
select
    kpi_id,
    stage,
    grain,
    period_start,
    period_end,
    last_day,
    numerator,
    denominator,
    value,
    unit,
    is_connected,
    is_complete,
    is_provisional,
    sources,
    missing_sources,
    caveats,
    as_of
from {{ ref('kpi_period_values') }}
where not {{ is_to_date('grain') }}
