{# The calendar day of an instant in a time zone. #}
{% macro business_day(instant, time_zone) -%}
    {{ adapter.dispatch('business_day')(instant, time_zone) }}
{%- endmacro %}

{% macro default__business_day(instant, time_zone) -%}
    cast(timezone({{ time_zone }}, {{ instant }}) as date)
{%- endmacro %}
