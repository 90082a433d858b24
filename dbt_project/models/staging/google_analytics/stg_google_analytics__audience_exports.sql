with source as (
    select * from {{ source('google_analytics', 'audience_exports') }}
)

select
    property_id,
    audience_id,
    captured_on,
    captured_at,
    row_count as users
from source
where state = 'ACTIVE'
