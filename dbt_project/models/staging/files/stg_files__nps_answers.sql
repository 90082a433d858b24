-- Exports overlap: an answer that stands in several files counts once, as the last file by name has it.
with source as (
    select
        *,
        row_number() over (
            partition by feed, survey, answer_id order by {{ natural('file_id') }} desc, file_id desc, row_number desc
        ) as latest_first
    from {{ source('files', 'nps_answers') }}
    where filtered_by = ''
)

select
    feed || ':' || survey as survey,
    answer_id,
    -- an answer without an address is its own respondent
    coalesce(nullif(respondent_key, ''), answer_id) as respondent_key,
    answered_at,
    cast(score as {{ money() }}) as score
from source
where latest_first = 1
