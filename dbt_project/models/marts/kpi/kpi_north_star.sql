-- The north star that the settings choose: weekly active customers, another KPI of the catalogue, or a query's answer.
select
    periods.grain,
    periods.period_start,
    case business.north_star
        when '' then by_query.value
        when 'weekly_active_customers' then cast(weekly.weekly_active_customers as double)
        {%- for kpi in kpis() if kpi.model != 'kpi_experience' %}
        when '{{ kpi.kpi_id }}' then cast({{ kpi.model }}.{{ kpi.kpi_id }} as double)
        {%- endfor %}
    end as value
from {{ ref('dim_periods') }} as periods
cross join {{ ref('dim_business') }} as business
left join {{ ref('fct_north_star_by_query') }} as by_query
    on
        periods.grain = by_query.grain
        and periods.period_start = by_query.period_start
left join {{ ref('fct_weekly_customers_by_period') }} as weekly
    on
        periods.grain = weekly.grain
        and periods.period_start = weekly.period_start
{%- for model in stage_tables() if model != 'kpi_experience' %}
left join {{ ref(model) }} as {{ model }}
    on
        periods.grain = {{ model }}.grain
        and periods.period_start = {{ model }}.period_start
{%- endfor %}
