with source as (
    select * from {{ source('google_analytics', 'ad_cost_by_day') }}
)

select
    -- keys
    property_id,
    date_day,
    session_campaign_name as campaign_name,
    -- cost imported from other networks has no Google Ads campaign
    nullif(google_ads_campaign_id, '(not set)') as google_ads_campaign_id,

    -- amounts
    currency_code as currency,
    cast(advertiser_ad_cost as decimal(18, 6)) as cost
from source
