with source as (
    select * from {{ source('mailchimp', 'members') }}
)

select
    list_id,
    member_key,
    nullif(email_key, '') as person_key,
    status,
    {{ to_utc('timestamp_signup') }} as signed_up_at,
    {{ to_utc('timestamp_opt') }} as opted_in_at,
    {{ to_utc('last_changed') }} as changed_at
from source
