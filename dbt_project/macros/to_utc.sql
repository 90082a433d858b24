{# A vendor's ISO 8601 text as a UTC instant; null where it is empty. Staging only. #}
{% macro to_utc(column) -%}
    cast(nullif({{ column }}, '') as timestamptz)
{%- endmacro %}
