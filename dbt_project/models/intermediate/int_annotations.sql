-- The notes of the settings, one row per KPI that they belong to.
select
    date_day,
    text,
    kpi_id
from {{ ref('stg_parcours__annotations') }}
