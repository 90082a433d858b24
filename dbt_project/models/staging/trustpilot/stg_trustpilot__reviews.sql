with source as (
    select * from {{ source('trustpilot', 'reviews') }}
)

select
    -- keys
    business_unit as business_unit_id,
    id as review_id,

    -- properties
    status,
    language,
    is_verified,
    cast(stars as {{ money() }}) as rating,

    -- times
    {{ to_utc('created_at') }} as reviewed_at,
    {{ to_utc('updated_at') }} as updated_at
from source
