with source as (
    select * from {{ source('typeform', 'csat_responses') }}
)

select
    form_id,
    token as response_id,
    -- an anonymous response is its own respondent
    coalesce(nullif(respondent_key, ''), token) as respondent_key,
    answer as score,
    satisfied_from,
    neutral,
    {{ to_utc('landed_at') }} as landed_at,
    -- the vendor writes the year 1 for a response that was not submitted
    case when submitted_at >= '1000' then {{ to_utc('submitted_at') }} end as submitted_at
from source
