-- One row per consent to e-mail and address that a profile has shown, as it last was while it showed both.
with source as (
    select * from {{ source('klaviyo', 'profiles') }}
)

select
    -- keys
    id as profile_id,
    nullif(email_key, '') as person_key,

    -- properties
    consent,

    -- times
    {{ to_utc('consent_timestamp') }} as consented_at,
    {{ to_utc('attributes__created') }} as created_at,
    {{ to_utc('attributes__updated') }} as updated_at
from source
