-- Which raw tables of connected sources each part of a KPI comes from, and the days that each answers for: all, but
-- where another source of the part counts in its place. A day between two of them is missing in the later one.
with tables as (
    select
        part_entities.part,
        part_entities.role,
        -- whatever feeds a part may take another's place; what stands beside it, what tells of the same
        case when part_entities.role = 'beside' then part_entities.entity else '' end as beside,
        tables.source,
        tables.table_name,
        tables.reread_days,
        tables.loaded_from,
        tables.loaded_through,
        windows.first_day,
        windows.last_day
    from {{ ref('part_entities') }} as part_entities
    inner join {{ ref('int_feeds') }} as feeds on part_entities.entity = feeds.entity
    inner join {{ ref('dim_source_tables') }} as tables
        on
            feeds.source = tables.source
            and feeds.table_name = tables.table_name
    inner join {{ ref('int_windows') }} as windows on feeds.source = windows.source
),

spans as (
    select distinct
        part,
        beside,
        source,
        first_day,
        last_day
    from tables
),

shared as (
    select
        spans.part,
        spans.beside,
        spans.source,
        max(
            case
                when others.first_day < spans.first_day
                    then least(cast({{ dbt.dateadd('day', 1, 'others.last_day') }} as date), spans.first_day)
            end
        ) as answers_from,
        max(case when others.last_day > spans.last_day then spans.last_day end) as answers_through
    from spans
    inner join spans as others
        on
            spans.part = others.part
            and spans.beside = others.beside
    group by spans.part, spans.beside, spans.source
)

select
    tables.part,
    tables.role,
    tables.source,
    tables.table_name,
    tables.reread_days,
    tables.loaded_from,
    tables.loaded_through,
    tables.first_day as counts_from,
    tables.last_day as counts_until,
    coalesce(shared.answers_from, cast('0001-01-01' as date)) as answers_from,
    coalesce(shared.answers_through, cast('9999-12-31' as date)) as answers_through
from tables
inner join shared
    on
        tables.part = shared.part
        and tables.beside = shared.beside
        and tables.source = shared.source
