select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    web.total_users as unique_visitors,
    web.active_users,
    web.visitors_from_google,
    web.visitors_from_google_paid,
    web.visitors_from_google_organic,
    web.visitors_from_facebook,
    web.visitors_from_facebook_paid,
    web.visitors_from_facebook_organic,
    captures.retargeting_audience_size,
    captures.retargeting_audience_size_upper,
    captures.audience_export_users
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'awareness'
        and periods.grain = whole.grain
        and periods.period_start = whole.period_start
left join {{ ref('fct_web_by_period') }} as web
    on
        periods.grain = web.grain
        and periods.period_start = web.period_start
left join {{ ref('fct_captures_by_period') }} as captures
    on
        periods.grain = captures.grain
        and periods.period_start = captures.period_start
