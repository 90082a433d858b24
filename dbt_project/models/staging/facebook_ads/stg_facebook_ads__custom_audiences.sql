with source as (
    select * from {{ source('facebook_ads', 'custom_audiences') }}
)

select
    -- keys
    account_id,
    id as audience_id,
    captured_on,

    -- properties
    captured_at,
    name as audience_name,

    -- bounds; -1 says that the vendor has not counted yet
    case when approximate_count_lower_bound >= 0 then approximate_count_lower_bound end as size_lower_bound,
    case when approximate_count_upper_bound >= 0 then approximate_count_upper_bound end as size_upper_bound
from source
