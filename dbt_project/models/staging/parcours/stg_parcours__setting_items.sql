with source as (
    select * from {{ source('parcours', 'setting_items') }}
)

select
    source,
    setting,
    item
from source
