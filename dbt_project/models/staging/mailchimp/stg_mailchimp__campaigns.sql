with source as (
    select * from {{ source('mailchimp', 'campaigns') }}
)

select
    id as campaign_id,
    type as campaign_type,
    status,
    list_id,
    nullif(parent_campaign_id, '') as parent_campaign_id,
    emails_sent,
    {{ to_utc('create_time') }} as created_at,
    {{ to_utc('send_time') }} as sent_at
from source
