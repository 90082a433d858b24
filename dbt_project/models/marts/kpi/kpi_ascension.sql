select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    parts.upsell_customers,
    parts.base_customers,
    {{ safe_divide('parts.upsell_customers', 'parts.base_customers') }} as upsell_conversion_rate,
    parts.followup_emails_opened,
    parts.followup_emails_delivered,
    {{ safe_divide('parts.followup_emails_opened', 'parts.followup_emails_delivered') }} as followup_email_open_rate,
    buyers.purchases_by_buyers,
    buyers.buyers,
    {{ safe_divide('buyers.purchases_by_buyers', 'buyers.buyers') }} as purchase_frequency,
    {{ safe_divide('buyers.order_value_of_buyers', 'buyers.buyers') }} as revenue_per_customer
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'ascension'
        and periods.grain = whole.grain
        and periods.period_start = whole.period_start
left join {{ ref('fct_parts_by_period') }} as parts
    on
        periods.grain = parts.grain
        and periods.period_start = parts.period_start
left join {{ ref('fct_buyers_by_period') }} as buyers
    on
        periods.grain = buyers.grain
        and periods.period_start = buyers.period_start
