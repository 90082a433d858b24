{# The type of every amount: exact, so that sums do not depend on their order. #}
{% macro money() -%}
    decimal(18, 6)
{%- endmacro %}

{# An amount of one currency in the reporting currency, through the euro; null without a rate. #}
{% macro converted(amount, rates) -%}
    cast(
        case
            when {{ rates }}.currency = {{ rates }}.reporting_currency then cast({{ amount }} as double)
            else cast({{ amount }} as double) * {{ rates }}.reporting_units_per_euro / {{ rates }}.units_per_euro
        end as {{ money() }}
    )
{%- endmacro %}
