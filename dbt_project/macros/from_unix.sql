{# A vendor's count of seconds since 1970 as a UTC instant; null where it is empty. Staging only. #}
{% macro from_unix(column) -%}
    to_timestamp(cast(nullif(cast({{ column }} as varchar), '') as double))
{%- endmacro %}
