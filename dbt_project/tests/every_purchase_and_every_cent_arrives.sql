-- What the facts hold is what the stage tables publish: nothing is lost or doubled on the way.
with facts as (
    select
        (select count(*) from {{ ref('fct_orders') }}) as purchases,
        (select sum(amount) from {{ ref('fct_ad_spend') }}) as spend,
        (select count(*) from {{ ref('fct_prospects') }}) as new_prospects
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
    facts.purchases,
    published.purchases as purchases_published,
    facts.spend,
    published.spend as spend_published
from facts
cross join published
where
    facts.purchases != published.purchases
    or facts.spend != published.spend
    or facts.new_prospects < published.new_prospects
