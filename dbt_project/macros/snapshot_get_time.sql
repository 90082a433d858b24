{# What vanished did so at the refresh's own instant, not at that of the clock. #}
{% macro snapshot_get_time() -%}
    (select max(as_of) from {{ ref('kpi_values') }})
{%- endmacro %}
