-- Only responses that were submitted and hold a score on the scale from 0 to 10.
with responses as (
    select * from {{ ref('stg_typeform__nps_responses') }}
)

select
    form_id as survey,
    response_id as answer_id,
    respondent_key,
    submitted_at as answered_at,
    cast(score as {{ money() }}) as score
from responses
where submitted_at is not null and score between 0 and 10
