with source as (
    select * from {{ source('klaviyo', 'campaigns') }}
)

select
    -- keys
    id as campaign_id,
    json_extract_string(attributes__audiences__included, '$[0]') as list_id,
    cast(cast(messages as json) as varchar[]) as message_ids,

    -- properties
    attributes__status as status,

    -- times
    {{ to_utc('attributes__send_time') }} as sent_at
from source
