-- Counts of calendar periods, and of the earlier parts that open ones are compared with.
{% set columns = 'property_id, report, definition, grain, period_start, period_end, metrics, metadata' %}

with source as (
    select {{ columns }} from {{ source('google_analytics', 'period_metrics') }}
    union all
    select {{ columns }} from {{ source('google_analytics', 'to_date_metrics') }}
),

told as (
    select
        *,
        -- a report without rows counted nothing, unless they were withheld or deleted: then nobody knows
        case
            when {{ json_text('metadata', 'subjectToThresholding') }} = 'true' then null
            when
                cast(period_end as varchar)
                < {{ json_text('metadata', 'dataTruncationReasons[0].dataTruncationDate') }}
                then null
            else '0'
        end as without_rows
    from source
)

select
    -- keys
    property_id,
    report,
    definition,
    grain,
    period_start,
    period_end,

    -- counts of the period
    cast(coalesce({{ json_text('metrics', 'totalUsers') }}, without_rows) as bigint) as total_users,
    cast(coalesce({{ json_text('metrics', 'activeUsers') }}, without_rows) as bigint) as active_users,
    cast(coalesce({{ json_text('metrics', 'newUsers') }}, without_rows) as bigint) as new_users,
    cast(coalesce({{ json_text('metrics', 'sessions') }}, without_rows) as bigint) as sessions,
    cast(coalesce({{ json_text('metrics', 'engagedSessions') }}, without_rows) as bigint) as engaged_sessions,
    cast(coalesce({{ json_text('metrics', 'ecommercePurchases') }}, without_rows) as bigint) as purchases,
    cast(
        cast(coalesce({{ json_text('metrics', 'userEngagementDuration') }}, without_rows) as decimal(18, 3)) as bigint
    ) as engagement_seconds,
    cast({{ json_text('metrics', 'averageSessionDuration') }} as double) as elapsed_seconds_per_session,

    -- what the vendor said
    metadata
from told
