with source as (
    select * from {{ source('rewardful', 'affiliates') }}
)

select
    -- keys
    coalesce(campaign__id, '') as programme_id,
    id as affiliate_id,
    captured_on,

    -- properties; disabled and suspicious ones earn nothing
    state,
    coalesce(state = 'active', false) as is_enabled,

    -- times
    captured_at,
    {{ to_utc('created_at') }} as joined_at
from source
