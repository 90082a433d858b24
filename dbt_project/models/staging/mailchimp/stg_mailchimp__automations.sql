with source as (
    select * from {{ source('mailchimp', 'automations') }}
)

select
    id as automation_id,
    captured_on,
    captured_at,
    status,
    list_id,
    {{ to_utc('create_time') }} as created_at,
    {{ to_utc('start_time') }} as started_at
from source
