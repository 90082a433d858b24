{# A ratio of exact parts, divided last; nothing to divide by is null, never zero. #}
{% macro safe_divide(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}
