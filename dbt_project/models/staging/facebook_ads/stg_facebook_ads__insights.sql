with source as (
    select * from {{ source('facebook_ads', 'ads_insights') }}
)

select
    -- keys
    account_id,
    date_start as date_day,
    ad_id,
    adset_id,
    campaign_id,

    -- properties
    campaign_name,
    account_currency as currency,

    -- measures; the vendor leaves out what is zero
    cast(coalesce(impressions, '0') as bigint) as impressions,
    cast(coalesce(clicks, '0') as bigint) as clicks,
    cast(coalesce(inline_link_clicks, '0') as bigint) as link_clicks,
    cast(coalesce(spend, '0') as decimal(18, 6)) as spend,
    actions,
    action_values
from source
