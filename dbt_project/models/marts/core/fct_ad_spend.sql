-- Marketing spend, one row per source, account, channel, day and currency.
select
    spend.source,
    spend.account_id,
    spend.channel,
    spend.date_day,
    spend.currency as currency_charged,
    spend.amount as amount_charged,
    spend.amount_reporting as amount,
    business.reporting_currency as currency
from {{ ref('int_ad_spend') }} as spend
cross join {{ ref('int_business') }} as business
where spend.date_day <= business.through
