-- Which raw tables of connected sources each KPI rests on.
select distinct
    parts.kpi_id,
    tables.source,
    tables.table_name,
    tables.loaded_from,
    tables.loaded_through,
    tables.reread_days
from {{ ref('kpi_parts') }} as parts
inner join {{ ref('dim_part_tables') }} as tables on parts.part = tables.part
