-- Marketing spend per source, account and day, in the account's currency and in the reporting currency.
with spent as (
    select
        'facebook_ads' as source,
        account_id,
        'facebook_ads' as channel,
        date_day,
        currency,
        spend as amount
    from {{ ref('stg_facebook_ads__insights') }}
    union all
    -- cost imported into Google Analytics from other networks has no Google Ads campaign and would count twice
    select
        'google_analytics' as source,
        costs.property_id as account_id,
        'google_ads' as channel,
        costs.date_day,
        costs.currency,
        costs.cost as amount
    from {{ ref('stg_google_analytics__ad_costs') }} as costs
    inner join {{ ref('int_business') }} as business on costs.property_id = business.primary_property_id
    where costs.google_ads_campaign_id is not null
    union all
    select
        'files' as source,
        feed as account_id,
        coalesce(channel, feed) as channel,
        date_day,
        currency,
        amount
    from {{ ref('stg_files__spend') }}
),

daily as (
    select
        source,
        account_id,
        channel,
        date_day,
        currency,
        cast(sum(amount) as {{ money() }}) as amount
    from spent
    group by source, account_id, channel, date_day, currency
)

select
    daily.source,
    daily.account_id,
    daily.channel,
    daily.date_day,
    daily.currency,
    daily.amount,
    {{ converted('daily.amount', 'rates') }} as amount_reporting
from daily
{{ in_window('daily.source', 'daily.date_day') }}
left join {{ ref('int_conversion_rates') }} as rates
    on
        daily.date_day = rates.date_day
        and daily.currency = rates.currency
