with source as (
    select * from {{ source('brevo', 'events') }}
)

select
    message_id,
    email_key,
    event as event_name,
    -- a single tag may come as a list
    nullif(trim(tag, '[]"'), '') as tag,
    cast(template_id as varchar) as template_id,
    {{ to_utc('date') }} as occurred_at
from source
