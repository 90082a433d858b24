select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    parts.social_interactions,
    web.engagement_seconds,
    web.sessions,
    {{ safe_divide('web.engagement_seconds', 'web.sessions') }} as avg_session_duration,
    web.elapsed_seconds_per_session,
    web.sessions - web.engaged_sessions as bounced_sessions,
    {{ safe_divide('(web.sessions - web.engaged_sessions)', 'web.sessions') }} as bounce_rate,
    parts.comments,
    parts.emails_delivered,
    parts.emails_opened,
    {{ safe_divide('parts.emails_opened', 'parts.emails_delivered') }} as email_open_rate,
    parts.emails_opened_with_proxies,
    {{ safe_divide('parts.emails_opened_with_proxies', 'parts.emails_delivered') }} as email_open_rate_with_proxies,
    parts.emails_clicked,
    {{ safe_divide('parts.emails_clicked', 'parts.emails_delivered') }} as email_click_rate,
    parts.ads_link_clicks,
    parts.ads_impressions,
    {{ safe_divide('parts.ads_link_clicks', 'parts.ads_impressions') }} as ads_click_rate
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'engagement'
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
