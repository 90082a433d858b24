{# A join that keeps what happened on a day of which its source counts: of two tools, a change of which copied it, one. #}
{% macro in_window(source, day) -%}
    inner join {{ ref('int_windows') }} as windows
        on
            {{ source }} = windows.source
            and {{ day }} between windows.first_day and windows.last_day
{%- endmacro %}
