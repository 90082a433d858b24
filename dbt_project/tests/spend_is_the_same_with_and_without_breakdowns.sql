-- What each account spent on a day is the same whether asked as a total, by country or by platform.
-- A warning: the vendor may withhold small breakdown rows.
{{ config(severity='warn') }}

with totals as (
    select
        account_id,
        date_day,
        sum(spend) as spend
    from {{ ref('stg_facebook_ads__insights') }}
    group by account_id, date_day
),

by_country as (
    select
        account_id,
        date_day,
        sum(spend) as spend
    from {{ ref('stg_facebook_ads__insights_by_country') }}
    group by account_id, date_day
),

by_platform as (
    select
        account_id,
        date_day,
        sum(spend) as spend
    from {{ ref('stg_facebook_ads__insights_by_platform') }}
    group by account_id, date_day
)

select
    totals.account_id,
    totals.date_day,
    totals.spend,
    by_country.spend as spend_by_country,
    by_platform.spend as spend_by_platform
from totals
left join by_country
    on
        totals.account_id = by_country.account_id
        and totals.date_day = by_country.date_day
left join by_platform
    on
        totals.account_id = by_platform.account_id
        and totals.date_day = by_platform.date_day
where
    totals.spend != coalesce(by_country.spend, 0)
    or totals.spend != coalesce(by_platform.spend, 0)
