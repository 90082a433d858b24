{# Every day from one column of a one-row relation to another, both included. #}
{% macro day_series(relation, first_day, last_day) -%}
    {{ adapter.dispatch('day_series')(relation, first_day, last_day) }}
{%- endmacro %}

{% macro default__day_series(relation, first_day, last_day) -%}
    select cast(series.moment as date) as date_day
    from {{ relation }},
        unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as series (moment)
{%- endmacro %}
