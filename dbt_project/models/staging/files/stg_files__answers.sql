with source as (
    select * from {{ source('files', 'answers') }}
)

select
    file_id,
    row_number as file_row,
    feed,
    answer_id,
    survey,
    answered_at,
    nullif(respondent_key, '') as person_key,
    score
from source
where filtered_by = ''
