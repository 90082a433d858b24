-- One row per part of a KPI: whether something feeds it, and the days that all its sources have loaded.
with parts as (
    select distinct part
    from {{ ref('part_entities') }}
),

tables as (
    select
        part,
        role,
        table_name,
        -- a table that has all days that it answers for bounds nothing
        case when loaded_from is not null then nullif(greatest(loaded_from, counts_from), answers_from) end
            as covered_from,
        case when loaded_through is not null then nullif(least(loaded_through, counts_until), answers_through) end
            as covered_through
    from {{ ref('dim_part_tables') }}
)

select
    parts.part,
    count(case when tables.role = 'feeds' then tables.table_name end) > 0 as is_connected,
    max(tables.covered_from) as covered_from,
    min(tables.covered_through) as covered_through
from parts
left join tables on parts.part = tables.part
group by parts.part
