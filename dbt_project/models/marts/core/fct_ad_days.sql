-- One row per ad and day of its account's zone; converted anew each time, since rates are corrected.
select
    ads.source,
    ads.account_id,
    ads.date_day,
    ads.campaign_id,
    ads.campaign_name,
    ads.adset_id,
    ads.ad_id,
    ads.impressions,
    ads.clicks,
    ads.link_clicks,
    ads.currency as currency_charged,
    ads.spend as amount_charged,
    {{ converted('ads.spend', 'rates') }} as amount,
    business.reporting_currency as currency
from {{ ref('int_ad_days') }} as ads
cross join {{ ref('int_business') }} as business
{{ in_window('ads.source', 'ads.date_day') }}
left join {{ ref('int_conversion_rates') }} as rates
    on
        ads.date_day = rates.date_day
        and ads.currency = rates.currency
where ads.date_day <= business.through
