-- The primary property's counts per period, each as Google Analytics counted it for that very period.
with current_reports as (
    select scopes.definition
    from {{ ref('stg_parcours__scopes') }} as scopes
    inner join {{ ref('int_business') }} as business on scopes.account_id = business.primary_property_id
    where
        scopes.source = 'google_analytics'
        and scopes.table_name = 'period_metrics'
),

metrics as (
    select metrics.*
    from {{ ref('stg_google_analytics__period_metrics') }} as metrics
    inner join {{ ref('int_business') }} as business on metrics.property_id = business.primary_property_id
    -- rows that an earlier setting asked for stay in raw
    inner join current_reports on metrics.definition = current_reports.definition
    {{ in_window("'google_analytics'", 'metrics.period_start') }}
    -- of users who came partly outside of it, nobody knows who came inside
    where metrics.period_end <= windows.last_day
)

select
    grain,
    period_start,
    max(period_end) as period_end,
    max(case when report = 'site' then total_users end) as total_users,
    max(case when report = 'site' then active_users end) as active_users,
    max(case when report = 'site' then new_users end) as new_users,
    max(case when report = 'site' then sessions end) as sessions,
    max(case when report = 'site' then engaged_sessions end) as engaged_sessions,
    max(case when report = 'site' then engagement_seconds end) as engagement_seconds,
    max(case when report = 'site' then elapsed_seconds_per_session end) as elapsed_seconds_per_session,
    max(case when report = 'source:google' then total_users end) as visitors_from_google,
    max(case when report = 'source:google:paid' then total_users end) as visitors_from_google_paid,
    max(case when report = 'source:google:organic' then total_users end) as visitors_from_google_organic,
    max(case when report = 'source:facebook' then total_users end) as visitors_from_facebook,
    max(case when report = 'source:facebook:paid' then total_users end) as visitors_from_facebook_paid,
    max(case when report = 'source:facebook:organic' then total_users end) as visitors_from_facebook_organic,
    max(case when report = 'landing:capture' then sessions end) as capture_sessions,
    max(case when report = 'landing:capture:lead' then sessions end) as capture_sessions_with_lead,
    max(case when report = 'landing:not_set' then sessions end) as sessions_without_landing_page,
    max(case when report = 'event:add_to_cart' then sessions end) as sessions_with_cart,
    max(case when report = 'event:purchase' then sessions end) as sessions_with_purchase
from metrics
group by grain, period_start
