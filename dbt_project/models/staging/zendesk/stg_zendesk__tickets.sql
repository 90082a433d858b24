with source as (
    select * from {{ source('zendesk', 'tickets') }}
)

select
    cast(id as varchar) as ticket_id,
    {{ to_utc('created_at') }} as created_at,
    {{ to_utc('updated_at') }} as updated_at,
    status,
    via__channel as channel,
    -- marking a ticket as spam deletes it; the child ticket of a side conversation is agents asking one another
    coalesce(status, '') != 'deleted'
    and not is_merged
    and coalesce(via__channel, '') != 'side_conversation' as is_counted
from source
