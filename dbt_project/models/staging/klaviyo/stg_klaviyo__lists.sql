with source as (
    select * from {{ source('klaviyo', 'lists') }}
)

select
    id as list_id,
    captured_on,
    captured_at,
    attributes__name as list_name,
    {{ to_utc('attributes__created') }} as created_at,
    attributes__profile_count as profiles
from source
