select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    parts.new_prospects,
    captures.list_size,
    web.capture_sessions_with_lead,
    web.capture_sessions,
    {{ safe_divide('web.capture_sessions_with_lead', 'web.capture_sessions') }} as capture_page_conversion_rate,
    {{ safe_divide('web.sessions_without_landing_page', 'web.sessions') }} as sessions_without_landing_page_share,
    parts.spend,
    parts.spend_rows_unconverted,
    {{ safe_divide('parts.spend', 'parts.new_prospects') }} as cost_per_prospect,
    captures.facebook_fans
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'capture'
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
left join {{ ref('fct_captures_by_period') }} as captures
    on
        periods.grain = captures.grain
        and periods.period_start = captures.period_start
