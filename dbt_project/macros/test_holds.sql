{# A test: a condition that no row may break; null does not break it. #}
{% test holds(model, condition) %}
    select *
    from {{ model }}
    where not ({{ condition }})
{% endtest %}
