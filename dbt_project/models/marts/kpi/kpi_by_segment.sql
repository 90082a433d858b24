-- The KPIs that can be cut by a dimension, one row per segment that has something in the period.
{{ depend_on_stage_tables() }}
with segments as (
    select * from {{ ref('fct_segments_by_period') }}
),

allowed as (
    {%- for kpi in kpis() if kpi.segments %}
    {%- set outer = loop %}
    {%- for dimension in kpi.segments %}
    select
        '{{ kpi.kpi_id }}' as kpi_id,
        '{{ dimension }}' as dimension,
        '{{ kpi.numerator or kpi.kpi_id }}' as numerator_part,
        '{{ kpi.denominator or "" }}' as denominator_part
    {%- if not (outer.last and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

amounts as (
    select
        allowed.kpi_id,
        allowed.dimension,
        segments.segment,
        segments.grain,
        segments.period_start,
        allowed.denominator_part != '' as is_ratio,
        cast(sum(case when segments.part = allowed.numerator_part then segments.amount else 0 end) as {{ money() }})
            as numerator,
        cast(sum(case when segments.part = allowed.denominator_part then segments.amount else 0 end) as {{ money() }})
            as denominator
    from allowed
    inner join segments
        on
            allowed.dimension = segments.segment_kind
            and segments.part in (allowed.numerator_part, allowed.denominator_part)
    group by 1, 2, 3, 4, 5, 6
)

select
    kpi_id,
    dimension,
    segment,
    grain,
    period_start,
    case when is_ratio then numerator end as numerator,
    case when is_ratio then denominator end as denominator,
    case
        when is_ratio then {{ safe_divide('numerator', 'denominator') }}
        else cast(numerator as double)
    end as value
from amounts
