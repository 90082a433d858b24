with source as (
    select * from {{ source('parcours', 'caveats') }}
)

select
    source,
    table_name,
    account_id,
    grain,
    date_day,
    caveat,
    detail
from source
