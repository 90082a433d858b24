-- What each ad did on each day of its account's zone; over all ad networks (one so far).
{{ config(materialized='view') }}

select
    'facebook_ads' as source,
    account_id,
    date_day,
    ad_id,
    adset_id,
    campaign_id,
    campaign_name,
    currency,
    impressions,
    clicks,
    link_clicks,
    spend
from {{ ref('stg_facebook_ads__insights') }}
