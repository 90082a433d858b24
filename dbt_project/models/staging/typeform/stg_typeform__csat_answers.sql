-- Only responses that were submitted and hold a score; which scores satisfy, and which is neutral, the settings say.
with responses as (
    select * from {{ ref('stg_typeform__csat_responses') }}
)

select
    form_id as survey,
    response_id as answer_id,
    respondent_key,
    submitted_at as answered_at,
    cast(score as {{ money() }}) as score,
    case when score = neutral then null else score >= satisfied_from end as is_satisfied
from responses
where submitted_at is not null and score is not null
