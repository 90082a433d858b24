with source as (
    select * from {{ source('parcours', 'objective_reviews') }}
)

select
    objective_id,
    reviewed_at,
    note
from source
