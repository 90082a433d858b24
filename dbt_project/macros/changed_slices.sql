{# The slices of a raw table that changed since the models were last built whole, by these columns of theirs. #}
{% macro changed_slices(source, table, columns) -%}
    (select {{ columns | join(', ') }} from {{ ref('int_changed_slices') }} where source = '{{ source }}' and table_name = '{{ table }}' and date_day is not null)
{%- endmacro %}

{# A pre-hook of an incremental model: what it holds of the changed slices goes, also where nothing comes in its place. #}
{% macro delete_changed_slices(source, table, columns) -%}
    {% if is_incremental() -%}
        delete from {{ this }} where ({{ columns | join(', ') }}) in {{ changed_slices(source, table, columns) }}
    {%- endif %}
{%- endmacro %}
