with source as (
    select * from {{ source('facebook_ads', 'adsets') }}
)

select
    account_id,
    id as adset_id,
    campaign_id,
    name as adset_name,
    status,
    daily_budget as daily_budget_minor_units,
    {{ to_utc('created_time') }} as created_at,
    {{ to_utc('updated_time') }} as updated_at
from source
