-- What Google Analytics counted on the primary property, one row per period; never a sum of shorter periods.
select
    periods.grain,
    periods.period_start,
    web.total_users,
    web.active_users,
    web.new_users,
    web.visitors_from_google,
    web.visitors_from_google_paid,
    web.visitors_from_google_organic,
    web.visitors_from_facebook,
    web.visitors_from_facebook_paid,
    web.visitors_from_facebook_organic,
    web.sessions,
    web.engaged_sessions,
    web.engagement_seconds,
    web.elapsed_seconds_per_session,
    web.capture_sessions,
    web.capture_sessions_with_lead,
    web.sessions_without_landing_page,
    web.sessions_with_cart,
    web.sessions_with_purchase
from {{ ref('dim_periods') }} as periods
inner join {{ ref('int_web_periods') }} as web
    on
        periods.grain = web.grain
        and periods.period_start = web.period_start
        -- one that was asked for at an earlier refresh has fewer days
        and (periods.period_end = web.period_end or not {{ is_to_date('periods.grain') }})
