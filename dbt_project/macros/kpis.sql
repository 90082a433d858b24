{# The KPIs as declared beside their columns: `config: {meta: {kpi: …}}` in the YAML of the stage tables and of the
   business's own, which name their stage. #}
{% macro kpis() %}
    {% set found = [] %}
    {% if execute %}
        {% for node in graph.nodes.values() if node.resource_type == 'model' and 'kpi' in node.fqn %}
            {% for column in node.columns.values() if column.config.meta.kpi %}
                {% do found.append(dict(
                    column.config.meta.kpi,
                    kpi_id=column.name,
                    model=node.name,
                    stage=column.config.meta.kpi.stage or node.name.removeprefix('kpi_'),
                    definition=column.description
                )) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {{ return(found | sort(attribute='position')) }}
{% endmacro %}

{# Each KPI's parts, as (kpi_id, part); a KPI that nothing feeds yet names the part it waits for. #}
{% macro kpi_part_pairs() %}
    {% set found = [] %}
    {% for kpi in kpis() %}
        {% for part in kpi.parts %}
            {% do found.append({'kpi_id': kpi.kpi_id, 'part': part}) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The tables of the eight stages, that of the levers, and those of the business's own KPIs. #}
{% macro stage_tables() %}
    {{ return([
        'kpi_awareness',
        'kpi_engagement',
        'kpi_capture',
        'kpi_conversion',
        'kpi_experience',
        'kpi_ascension',
        'kpi_fan',
        'kpi_ambassador',
        'kpi_levers',
    ] + env_var('PARCOURS_OWN_KPI_TABLES', '').split()) }}
{% endmacro %}

{# dbt cannot see the refs of a loop over the graph. #}
{% macro depend_on_stage_tables() %}
{%- for model in stage_tables() %}
-- depends_on: {{ ref(model) }}
{%- endfor %}
{% endmacro %}

{# A text as an SQL literal. #}
{% macro sql_text(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}
