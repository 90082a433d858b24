{# The KPIs as declared beside their columns: `config: {meta: {kpi: …}}` in the stage tables' YAML. #}
{% macro kpis() %}
    {% set found = [] %}
    {% if execute %}
        {% for node in graph.nodes.values() if node.resource_type == 'model' and 'kpi' in node.fqn and not node.name.startswith('kpi_v') %}
            {% for column in node.columns.values() if column.config.meta.kpi %}
                {% do found.append(dict(
                    column.config.meta.kpi,
                    kpi_id=column.name,
                    model=node.name,
                    stage=node.name.removeprefix('kpi_'),
                    definition=column.description
                )) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {{ return(found | sort(attribute='position')) }}
{% endmacro %}

{# Each KPI's parts, as (kpi_id, part); a KPI that nothing feeds yet names the part it waits for. #}
{% macro kpi_parts() %}
    {% set found = [] %}
    {% for kpi in kpis() %}
        {% for part in kpi.parts %}
            {% do found.append({'kpi_id': kpi.kpi_id, 'part': part}) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# dbt cannot see the refs of a loop over the graph. #}
{% macro depend_on_stage_tables() %}
-- depends_on: {{ ref('kpi_awareness') }}
-- depends_on: {{ ref('kpi_engagement') }}
-- depends_on: {{ ref('kpi_capture') }}
-- depends_on: {{ ref('kpi_conversion') }}
-- depends_on: {{ ref('kpi_experience') }}
-- depends_on: {{ ref('kpi_ascension') }}
-- depends_on: {{ ref('kpi_fan') }}
-- depends_on: {{ ref('kpi_ambassador') }}
-- depends_on: {{ ref('kpi_levers') }}
{% endmacro %}

{# A text as an SQL literal. #}
{% macro sql_text(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}
