with source as (
    select * from {{ source('parcours', 'disconnections') }}
)

select
    what as disconnected,
    disconnected_at
from source
