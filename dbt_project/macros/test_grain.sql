{# A test: these columns name a row. No two rows share their values, and none is null but where that names one, too. #}
{% test grain(model, columns, nullable=[]) %}
    {%- set named = columns | reject('in', nullable) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1 or {{ named | join(' is null or ') }} is null
{% endtest %}
