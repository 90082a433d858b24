select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    parts.purchases,
    parts.items_purchased,
    parts.items_viewed,
    {{ safe_divide('parts.items_purchased', 'parts.items_viewed') }} as product_conversion_rate,
    parts.order_value,
    parts.valued_purchases,
    parts.purchases_without_tax,
    parts.purchases_unconverted,
    {{ safe_divide('parts.order_value', 'parts.valued_purchases') }} as average_basket,
    parts.products_sold,
    web.sessions_with_cart,
    web.sessions_with_cart - web.sessions_with_purchase as sessions_abandoned,
    {{ safe_divide('(web.sessions_with_cart - web.sessions_with_purchase)', 'web.sessions_with_cart') }}
        as cart_abandonment_rate,
    parts.first_purchase_seconds,
    parts.first_purchases_timed,
    parts.first_purchases_before_opt_in,
    parts.first_purchases_unknown,
    {{ safe_divide('parts.first_purchase_seconds', '(86400 * parts.first_purchases_timed)') }}
        as avg_days_to_first_purchase,
    waits.median_seconds_to_purchase / 86400 as median_days_to_first_purchase
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'conversion'
        and periods.grain = whole.grain
        and periods.period_start = whole.period_start
left join {{ ref('fct_web_by_period') }} as web
    on
        periods.grain = web.grain
        and periods.period_start = web.period_start
left join {{ ref('fct_parts_by_period') }} as parts
    on
        periods.grain = parts.grain
        and periods.period_start = parts.period_start
left join {{ ref('fct_first_purchases_by_period') }} as waits
    on
        periods.grain = waits.grain
        and periods.period_start = waits.period_start
