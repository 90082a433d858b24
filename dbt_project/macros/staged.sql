{# A vendor's staging model of an entity; which vendors have one, `vendors_of` says. #}
{% macro staged(vendor, entity) -%}
    {{ ref('stg_' ~ vendor ~ '__' ~ entity) }}
{%- endmacro %}
