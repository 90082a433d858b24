-- Which raw tables of connected sources each part of a KPI comes from.
select
    part_entities.part,
    part_entities.role,
    tables.source,
    tables.table_name,
    tables.reread_days,
    tables.loaded_from,
    tables.loaded_through
from {{ ref('part_entities') }} as part_entities
inner join {{ ref('int_feeds') }} as feeds on part_entities.entity = feeds.entity
inner join {{ ref('dim_source_tables') }} as tables
    on
        feeds.source = tables.source
        and feeds.table_name = tables.table_name
