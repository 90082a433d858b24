-- What the facts hold of the history is what the stage tables publish: nothing is lost or doubled on the way.
-- Of customers the facts know older purchases as well, which count in no period.
with history as (
    select min(period_start) as first_day
    from {{ ref('dim_periods') }}
    where grain = 'day'
),

purchases as (
    select count(*) as purchases
    from {{ ref('fct_orders') }} as orders
    inner join history on orders.date_day >= history.first_day
),

spend as (
    select sum(spent.amount) as spend
    from {{ ref('fct_ad_spend') }} as spent
    inner join history on spent.date_day >= history.first_day
),

told as (
    select
        date_day,
        1 as leads
    from {{ ref('fct_prospects') }}
    union all
    select
        date_day,
        leads
    from {{ ref('fct_lead_totals') }}
),

prospects as (
    select sum(told.leads) as new_prospects
    from told
    inner join history on told.date_day >= history.first_day
),

published as (
    select
        sum(conversion.purchases) as purchases,
        sum(capture.spend) as spend,
        sum(capture.new_prospects) as new_prospects
    from {{ ref('kpi_capture') }} as capture
    inner join {{ ref('kpi_conversion') }} as conversion
        on
            capture.grain = conversion.grain
            and capture.period_start = conversion.period_start
    where capture.grain = 'year'
)

select
    purchases.purchases,
    published.purchases as purchases_published,
    spend.spend,
    published.spend as spend_published,
    prospects.new_prospects,
    published.new_prospects as new_prospects_published
from purchases
cross join spend
cross join prospects
cross join published
where
    purchases.purchases != published.purchases
    or spend.spend != published.spend
    or coalesce(prospects.new_prospects, 0) != coalesce(published.new_prospects, 0)
