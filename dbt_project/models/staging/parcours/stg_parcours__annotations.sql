with source as (
    select * from {{ source('parcours', 'annotations') }}
)

select
    date_day,
    text,
    kpi_id
from source
