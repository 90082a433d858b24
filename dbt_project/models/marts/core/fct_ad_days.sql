-- One row per ad and day of its account's zone.
-- depends_on: {{ ref('int_changed_slices') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_changed_slices('facebook_ads', 'ads_insights', ['account_id', 'date_day']) }}"
) }}

select
    insights.source,
    insights.account_id,
    insights.date_day,
    insights.campaign_id,
    insights.campaign_name,
    insights.adset_id,
    insights.ad_id,
    insights.impressions,
    insights.clicks,
    insights.link_clicks,
    insights.spend,
    insights.currency
from {{ ref('int_ad_days') }} as insights
cross join {{ ref('int_business') }} as business
where insights.date_day <= business.through
{%- if is_incremental() %}
    and (insights.account_id, insights.date_day) in {{ changed_slices('facebook_ads', 'ads_insights', ['account_id', 'date_day']) }}
{%- endif %}
