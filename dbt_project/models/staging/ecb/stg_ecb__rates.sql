with source as (
    select * from {{ source('ecb', 'rates') }}
)

select
    date_day,
    currency,
    -- units of the currency for one euro
    cast(rate as decimal(18, 8)) as units_per_euro
from source
