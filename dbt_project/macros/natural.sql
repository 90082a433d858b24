{# What file names are sorted by: "export", "export (2)", "export (10)". `natural` of the files connector agrees. #}
{% macro natural(name) %}
    regexp_replace(
        regexp_replace(
            regexp_replace(lower({{ name }}), '\.[a-z]\w*(\.gz)?$', ''), '(\d+)', '00000000000000000000\1', 'g'
        ),
        '\d*(\d{20})', '\1', 'g'
    )
{% endmacro %}
