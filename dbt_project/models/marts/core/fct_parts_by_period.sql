-- The additive parts of each period, one column per part: the sum of its days; 0 on loaded days without rows.
with sums as (
    select
        period_days.grain,
        period_days.period_start,
        parts.part,
        cast(sum(parts.amount) as {{ money() }}) as amount
    from {{ ref('fct_daily_parts') }} as parts
    inner join {{ ref('dim_period_days') }} as period_days on parts.date_day = period_days.date_day
    where parts.segment_kind = 'total'
    group by period_days.grain, period_days.period_start, parts.part
),

amounts as (
    select
        periods.grain,
        periods.period_start,
        parts.part,
        -- nothing on a loaded day is zero; before the first loaded day it is unknown
        coalesce(
            sums.amount,
            case
                when parts.covered_from <= periods.period_end and parts.covered_through >= periods.period_start then 0
            end
        ) as amount
    from {{ ref('dim_periods') }} as periods
    cross join {{ ref('dim_parts') }} as parts
    left join sums
        on
            periods.grain = sums.grain
            and periods.period_start = sums.period_start
            and parts.part = sums.part
    where parts.is_connected
)

select
    grain,
    period_start,
    cast(max(case when part = 'social_interactions' then amount end) as bigint) as social_interactions,
    cast(max(case when part = 'comments' then amount end) as bigint) as comments,
    cast(max(case when part = 'brand_mentions' then amount end) as bigint) as brand_mentions,
    cast(max(case when part = 'emails_delivered' then amount end) as bigint) as emails_delivered,
    cast(max(case when part = 'emails_opened' then amount end) as bigint) as emails_opened,
    cast(max(case when part = 'emails_opened_with_proxies' then amount end) as bigint) as emails_opened_with_proxies,
    cast(max(case when part = 'emails_clicked' then amount end) as bigint) as emails_clicked,
    cast(max(case when part = 'followup_emails_delivered' then amount end) as bigint) as followup_emails_delivered,
    cast(max(case when part = 'followup_emails_opened' then amount end) as bigint) as followup_emails_opened,
    cast(max(case when part = 'ads_impressions' then amount end) as bigint) as ads_impressions,
    cast(max(case when part = 'ads_link_clicks' then amount end) as bigint) as ads_link_clicks,
    cast(max(case when part = 'new_prospects' then amount end) as bigint) as new_prospects,
    cast(max(case when part = 'prospects_in_cohort' then amount end) as bigint) as prospects_in_cohort,
    cast(max(case when part = 'prospects_converted' then amount end) as bigint) as prospects_converted,
    cast(max(case when part = 'purchases' then amount end) as bigint) as purchases,
    cast(max(case when part = 'valued_purchases' then amount end) as bigint) as valued_purchases,
    cast(max(case when part = 'purchases_without_tax' then amount end) as bigint) as purchases_without_tax,
    cast(max(case when part = 'purchases_unconverted' then amount end) as bigint) as purchases_unconverted,
    cast(max(case when part = 'first_purchases_timed' then amount end) as bigint) as first_purchases_timed,
    cast(max(case when part = 'first_purchase_seconds' then amount end) as bigint) as first_purchase_seconds,
    cast(max(case when part = 'first_purchases_unknown' then amount end) as bigint) as first_purchases_unknown,
    cast(
        max(case when part = 'first_purchases_before_opt_in' then amount end) as bigint
    ) as first_purchases_before_opt_in,
    cast(max(case when part = 'items_viewed' then amount end) as bigint) as items_viewed,
    cast(max(case when part = 'items_purchased' then amount end) as bigint) as items_purchased,
    cast(max(case when part = 'spend_rows_unconverted' then amount end) as bigint) as spend_rows_unconverted,
    cast(max(case when part = 'base_customers' then amount end) as bigint) as base_customers,
    cast(max(case when part = 'upsell_customers' then amount end) as bigint) as upsell_customers,
    cast(max(case when part = 'support_tickets' then amount end) as bigint) as support_tickets,
    cast(max(case when part = 'customer_reviews' then amount end) as bigint) as customer_reviews,
    cast(max(case when part = 'rated_reviews' then amount end) as bigint) as rated_reviews,
    max(case when part = 'review_ratings' then amount end) as review_ratings,
    max(case when part = 'net_product_revenue' then amount end) as net_product_revenue,
    max(case when part = 'gross_margin' then amount end) as gross_margin,
    max(case when part = 'product_revenue' then amount end) as product_revenue,
    max(case when part = 'product_revenue_costed' then amount end) as product_revenue_costed,
    max(case when part = 'spend' then amount end) as spend,
    max(case when part = 'order_value' then amount end) as order_value,
    max(case when part = 'products_sold' then amount end) as products_sold
from amounts
group by grain, period_start
