{# An amount of Shopify's in the shop's currency, or as the customer was charged it. Staging only.
   An answer of before the shop's money was asked for holds the customer's alone. #}
{% macro shopify_money(column, path, is_charged=false) -%}
    cast(
        {%- if is_charged %} {{ json_text(column, path ~ '.presentmentMoney.amount') }}
        {%- else %} coalesce(
            {{ json_text(column, path ~ '.shopMoney.amount') }},
            {{ json_text(column, path ~ '.presentmentMoney.amount') }}
        )
        {%- endif %} as {{ money() }}
    )
{%- endmacro %}

{# The same of a list's amounts, added up; 0 where there are none. #}
{% macro shopify_sum(column, path, is_charged=false) -%}
    coalesce(
        {%- if not is_charged %}
        list_sum(cast({{ json_text(column, path ~ '.shopMoney.amount') }} as decimal(18, 6)[])),
        {%- endif %}
        list_sum(cast({{ json_text(column, path ~ '.presentmentMoney.amount') }} as decimal(18, 6)[])),
        0
    )
{%- endmacro %}
