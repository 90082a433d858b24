-- The median wait before a first purchase, from the purchases of each period.
select
    period_days.grain,
    period_days.period_start,
    median(purchases.seconds_to_purchase) as median_seconds_to_purchase
from {{ ref('fct_first_purchases') }} as purchases
inner join {{ ref('dim_period_days') }} as period_days on purchases.date_day = period_days.date_day
where purchases.seconds_to_purchase is not null
group by period_days.grain, period_days.period_start
