with source as (
    select * from {{ source('klaviyo', 'opt_in_events') }}
)

select
    id as event_id,
    relationships__profile__data__id as profile_id,
    metric_name as event_name,
    {{ to_utc('attributes__datetime') }} as occurred_at
from source
