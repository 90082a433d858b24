-- Of an additive KPI the segments of each dimension add up to the published value, and so do a ratio's parts.
with segments as (
    select
        kpi_id,
        dimension,
        grain,
        period_start,
        sum(coalesce(numerator, cast(value as {{ money() }}))) as numerator,
        sum(denominator) as denominator
    from {{ ref('kpi_by_segment') }}
    group by kpi_id, dimension, grain, period_start
)

select
    segments.*,
    kpi_values.value,
    kpi_values.numerator as total_numerator,
    kpi_values.denominator as total_denominator
from segments
inner join {{ ref('kpi_values') }} as kpi_values
    on
        segments.kpi_id = kpi_values.kpi_id
        and segments.grain = kpi_values.grain
        and segments.period_start = kpi_values.period_start
where
    segments.numerator != coalesce(kpi_values.numerator, cast(kpi_values.value as {{ money() }}))
    or segments.denominator != kpi_values.denominator
