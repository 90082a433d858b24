with source as (
    select * from {{ source('facebook_ads', 'campaigns') }}
)

select
    account_id,
    id as campaign_id,
    name as campaign_name,
    objective,
    status,
    effective_status,
    {{ to_utc('created_time') }} as created_at,
    {{ to_utc('updated_time') }} as updated_at
from source
