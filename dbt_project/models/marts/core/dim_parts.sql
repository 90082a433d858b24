-- One row per part of a KPI: whether something feeds it, and the days that all its sources have loaded.
with parts as (
    select distinct part
    from {{ ref('part_entities') }}
)

select
    parts.part,
    count(case when tables.role = 'feeds' then tables.table_name end) > 0 as is_connected,
    max(tables.loaded_from) as covered_from,
    min(tables.loaded_through) as covered_through
from parts
left join {{ ref('dim_part_tables') }} as tables on parts.part = tables.part
group by parts.part
