-- One row per objective, version and KPI that follows it.
select
    objective_id,
    version,
    position,
    kpi_id,
    grain,
    start_value,
    start_day,
    target_value,
    target_day,
    per_period,
    cumulated_over,
    is_current
from {{ ref('int_objectives') }}
