with source as (
    select * from {{ source('parcours', 'north_star') }}
)

select
    grain,
    period_start,
    value
from source
