-- One row per rated ticket, the last rating, whichever of the account's two ways of asking it came by.
with ratings as (
    select * from {{ ref('stg_zendesk__satisfaction_ratings') }}
),

responses as (
    select * from {{ ref('stg_zendesk__survey_responses') }}
),

answers as (
    select
        rating_id as answer_id,
        ticket_id as respondent_key,
        updated_at as answered_at,
        cast(is_satisfied as integer) as score,
        is_satisfied
    from ratings
    where is_satisfied is not null
    union all
    select
        response_id as answer_id,
        -- a response on a conversation without a ticket stands for itself
        coalesce(ticket_id, response_id) as respondent_key,
        answered_at,
        rating as score,
        is_satisfied
    from responses
    where rating is not null
),

ranked as (
    select
        *,
        row_number() over (partition by respondent_key order by answered_at desc, answer_id desc) as latest_first
    from answers
)

select
    'zendesk' as survey,
    answer_id,
    respondent_key,
    answered_at,
    cast(score as {{ money() }}) as score,
    is_satisfied
from ranked
where latest_first = 1
