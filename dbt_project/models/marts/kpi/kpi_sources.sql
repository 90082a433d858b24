-- Which raw tables of connected sources each KPI rests on, and for which days.
select
    parts.kpi_id,
    tables.source,
    tables.table_name,
    tables.loaded_from,
    tables.loaded_through,
    tables.reread_days,
    tables.counts_from,
    tables.counts_until,
    min(tables.answers_from) as answers_from,
    max(tables.answers_through) as answers_through
from {{ ref('kpi_parts') }} as parts
inner join {{ ref('dim_part_tables') }} as tables on parts.part = tables.part
group by
    parts.kpi_id, tables.source, tables.table_name, tables.loaded_from, tables.loaded_through, tables.reread_days,
    tables.counts_from, tables.counts_until
