-- One row per KPI, made from what stands beside its column in its table's YAML; its focus is a setting.
with declared as (
    {%- for kpi in kpis() %}
    select
        '{{ kpi.kpi_id }}' as kpi_id,
        '{{ kpi.stage }}' as stage,
        '{{ kpi.model }}' as table_name,
        {{ kpi.position }} as position,
        {{ sql_text(kpi.label_fr) }} as label_fr,
        {{ sql_text(kpi.label_en) }} as label_en,
        {{ sql_text(kpi.definition) }} as definition,
        {{ sql_text(kpi.definition_fr) }} as definition_fr,
        {{ sql_text(kpi.synonyms or '') }} as synonyms,
        '{{ kpi.class }}' as aggregation_class,
        '{{ kpi.days_of }}' as days_of,
        '{{ kpi.numerator or "" }}' as numerator,
        '{{ kpi.denominator or "" }}' as denominator,
        '{{ (kpi.segments or []) | join(", ") }}' as dimensions,
        '{{ kpi.unit }}' as unit,
        '{{ kpi.good }}' as good,
        '{{ kpi.cadence }}' as cadence,
        '{{ kpi.effort or "automatic" }}' as effort,
        {{ sql_text(kpi.owner or '') }} as owner,
        '{{ kpi.cohort_window or "" }}' as cohort_window,
        {{ 'true' if kpi.is_lever else 'false' }} as is_lever
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    declared.*,
    case declared.kpi_id
        when stages.focus_1 then 1
        when stages.focus_2 then 2
        when stages.focus_3 then 3
    end as focus_position
from declared
left join {{ ref('dim_stages') }} as stages on declared.stage = stages.stage
