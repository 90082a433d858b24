with source as (
    select * from {{ source('facebook_ads', 'accounts') }}
)

select
    account_id,
    name as account_name,
    currency,
    timezone_name as time_zone
from source
