-- One row per programme, affiliate and capture.
with source as (
    select * from {{ source('tapfiliate', 'affiliates') }}
)

select
    -- keys
    program_id as programme_id,
    id as affiliate_id,
    captured_on,

    -- properties; null waits for an answer, false was turned down or taken back
    coalesce(approved, false) as is_enabled,

    -- times
    captured_at,
    {{ to_utc('created_at') }} as joined_at
from source
