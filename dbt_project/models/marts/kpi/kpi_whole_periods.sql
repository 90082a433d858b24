-- Which periods of a stage's table are whole: over, and each connected KPI in it loaded for all of it, or not at all
-- yet; and which may still move.
with judged as (
    select
        catalog.stage,
        coverage.grain,
        coverage.period_start,
        periods.is_ended,
        coverage.is_provisional,
        coverage.is_connected and coverage.has_loaded as is_whole,
        coverage.is_connected and coverage.has_begun and not coverage.has_loaded as is_partial
    from {{ ref('kpi_coverage') }} as coverage
    inner join {{ ref('kpi_catalog') }} as catalog on coverage.kpi_id = catalog.kpi_id
    inner join {{ ref('dim_periods') }} as periods
        on
            coverage.grain = periods.grain
            and coverage.period_start = periods.period_start
    -- a KPI of the business's own stands in another table
    where catalog.table_name = 'kpi_' || catalog.stage
)

select
    stage,
    grain,
    period_start,
    min(case when is_ended and not is_partial then 1 else 0 end) = 1
    and max(case when is_whole then 1 else 0 end) = 1 as is_complete,
    max(case when is_provisional then 1 else 0 end) = 1 as is_provisional
from judged
group by stage, grain, period_start
