with source as (
    select * from {{ source('google_analytics', 'period_metrics') }}
)

select
    -- keys
    property_id,
    report,
    definition,
    grain,
    period_start,
    period_end,

    -- counts of the period; a report without rows counted nothing
    cast(coalesce({{ json_text('metrics', 'totalUsers') }}, '0') as bigint) as total_users,
    cast(coalesce({{ json_text('metrics', 'activeUsers') }}, '0') as bigint) as active_users,
    cast(coalesce({{ json_text('metrics', 'newUsers') }}, '0') as bigint) as new_users,
    cast(coalesce({{ json_text('metrics', 'sessions') }}, '0') as bigint) as sessions,
    cast(coalesce({{ json_text('metrics', 'engagedSessions') }}, '0') as bigint) as engaged_sessions,
    cast(coalesce({{ json_text('metrics', 'ecommercePurchases') }}, '0') as bigint) as purchases,
    cast(
        cast(coalesce({{ json_text('metrics', 'userEngagementDuration') }}, '0') as decimal(18, 3)) as bigint
    ) as engagement_seconds,
    cast({{ json_text('metrics', 'averageSessionDuration') }} as double) as elapsed_seconds_per_session,

    -- what the vendor said
    asked_at,
    metadata
from source
