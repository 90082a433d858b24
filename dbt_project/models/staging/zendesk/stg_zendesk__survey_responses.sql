-- The responses to CSAT surveys; one that holds no rating was offered and not answered.
with source as (
    select * from {{ source('zendesk', 'survey_responses') }}
)

select
    id as response_id,
    -- a ticket by its own name, or as its requester sees it
    nullif(regexp_extract(subject_zrns, ':(?:ticket|request):([0-9]+)', 1), '') as ticket_id,
    cast(answer__rating as {{ money() }}) as rating,
    {{ to_utc("coalesce(nullif(answer__updated_at, ''), answer__created_at)") }} as answered_at,
    -- by the scale of its survey; any other word is neutral
    case answer__rating_category when 'good' then true when 'bad' then false end as is_satisfied
from source
