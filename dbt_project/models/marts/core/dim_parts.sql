-- One row per part of a KPI: whether something feeds it, and the days that all its sources have loaded.
select
    parts.part,
    count(case when parts.role = 'feeds' then tables.table_name end) > 0 as is_connected,
    max(tables.loaded_from) as covered_from,
    min(tables.loaded_through) as covered_through
from {{ ref('part_sources') }} as parts
left join {{ ref('dim_source_tables') }} as tables
    on
        parts.source = tables.source
        and parts.table_name = tables.table_name
group by parts.part
