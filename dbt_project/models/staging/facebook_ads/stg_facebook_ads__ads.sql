with source as (
    select * from {{ source('facebook_ads', 'ads') }}
)

select
    account_id,
    id as ad_id,
    adset_id,
    campaign_id,
    name as ad_name,
    status,
    {{ to_utc('created_time') }} as created_at,
    {{ to_utc('updated_time') }} as updated_at
from source
