select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    capture.new_prospects,
    parts.prospects_in_cohort,
    parts.prospects_converted,
    {{ safe_divide('parts.prospects_converted', 'parts.prospects_in_cohort') }} as prospect_to_customer_rate,
    parts.gross_margin,
    parts.net_product_revenue,
    {{ safe_divide('parts.gross_margin', 'parts.net_product_revenue') }} as gross_margin_rate,
    {{ safe_divide('parts.product_revenue_costed', 'parts.product_revenue') }} as costed_revenue_share,
    ascension.purchase_frequency
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'levers'
        and periods.grain = whole.grain
        and periods.period_start = whole.period_start
left join {{ ref('fct_parts_by_period') }} as parts
    on
        periods.grain = parts.grain
        and periods.period_start = parts.period_start
left join {{ ref('kpi_capture') }} as capture
    on
        periods.grain = capture.grain
        and periods.period_start = capture.period_start
left join {{ ref('kpi_ascension') }} as ascension
    on
        periods.grain = ascension.grain
        and periods.period_start = ascension.period_start
