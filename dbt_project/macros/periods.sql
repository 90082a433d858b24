{# The grains of periods that have more than one day. #}
{% macro longer_grains() %}
    {{ return(['week', 'month', 'quarter', 'year']) }}
{% endmacro %}

{# The grain of the part of an earlier period that an open one is compared with: `previous_month_to_date`. #}
{% macro to_date_grain(before, grain) -%}
    {{ before }}_{{ grain }}_to_date
{%- endmacro %}

{# Whether a row is of such a part. #}
{% macro is_to_date(grain) -%}
    {{ grain }} like '%_to_date'
{%- endmacro %}

{# The first day of the `previous` period or of `last_year`'s, which has the same weekday where weekdays matter. #}
{% macro earlier_start(before, grain, period_start) -%}
    {%- if before == 'last_year' and grain in ('day', 'week') -%}
        cast({{ dbt.dateadd('day', -364, period_start) }} as date)
    {%- else -%}
        cast({{ dbt.dateadd('year' if before == 'last_year' else grain, -1, period_start) }} as date)
    {%- endif -%}
{%- endmacro %}
