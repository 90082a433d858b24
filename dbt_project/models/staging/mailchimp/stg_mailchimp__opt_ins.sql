with source as (
    select * from {{ source('mailchimp', 'opt_ins') }}
)

select
    list_id,
    member_key,
    nullif(contact_key, '') as contact_id,
    nullif(email_key, '') as person_key,
    {{ to_utc('timestamp_opt') }} as opted_in_at,
    false as is_approximate
from source
