-- What each ad did on each day of its account's zone; over all ad networks (one so far).
-- depends_on: {{ ref('int_changed_slices') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_changed_slices('facebook_ads', 'ads_insights', ['account_id', 'date_day']) }}"
) }}

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
{%- if is_incremental() %}
where (account_id, date_day) in {{ changed_slices('facebook_ads', 'ads_insights', ['account_id', 'date_day']) }}
{%- endif %}
