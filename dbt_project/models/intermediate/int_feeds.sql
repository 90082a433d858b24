-- Which raw tables of which connected source tell of which entity.
select
    source,
    entity,
    table_name
from {{ ref('stg_parcours__feeds') }}
