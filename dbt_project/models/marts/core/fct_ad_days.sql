-- One row per ad and day of its account's zone.
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
