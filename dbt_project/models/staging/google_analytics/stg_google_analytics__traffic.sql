with source as (
    select * from {{ source('google_analytics', 'traffic_by_day') }}
)

select
    property_id,
    date_day,
    session_source,
    session_medium,
    session_campaign_name,
    cast(sessions as bigint) as sessions,
    cast(total_users as bigint) as total_users,
    cast(engaged_sessions as bigint) as engaged_sessions
from source
