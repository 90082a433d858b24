-- The legacy ratings: an offer becomes an answer in place.
with source as (
    select * from {{ source('zendesk', 'satisfaction_ratings') }}
)

select
    cast(id as varchar) as rating_id,
    cast(ticket_id as varchar) as ticket_id,
    score as score_name,
    {{ to_utc('created_at') }} as created_at,
    {{ to_utc('updated_at') }} as updated_at,
    -- also good_with_comment; an offer, taken up or not, is no answer
    case when starts_with(score, 'good') then true when starts_with(score, 'bad') then false end as is_satisfied
from source
