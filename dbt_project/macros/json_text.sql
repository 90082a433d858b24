{# The text at a path of a JSON column; null where it is absent. Staging only. #}
{% macro json_text(column, path) -%}
    {{ adapter.dispatch('json_text')(column, path) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
    json_extract_string({{ column }}, '$.{{ path }}')
{%- endmacro %}
