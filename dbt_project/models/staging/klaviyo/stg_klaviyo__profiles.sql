-- One row per consent to e-mail that a profile has shown, with the profile as it last was while it showed it.
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
