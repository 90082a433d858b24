-- Every value as it was reported: one row per KPI, period and version, with the instants between which it stood.
select
    kpi_id,
    grain,
    period_start,
    last_day,
    value,
    numerator,
    denominator,
    unit,
    is_connected,
    is_complete,
    is_provisional,
    missing_sources,
    dbt_valid_from as reported_from,
    dbt_valid_to as reported_until
from {{ ref('kpi_versions') }}
where
    dbt_is_deleted = 'False'
    -- a refresh that was run again at the same instant corrected itself before anybody could read it
    and (dbt_valid_to is null or dbt_valid_from < dbt_valid_to)
