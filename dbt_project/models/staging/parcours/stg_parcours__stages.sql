with source as (
    select * from {{ source('parcours', 'stages') }}
)

select
    stage,
    position,
    label_fr,
    label_en,
    focus_1,
    focus_2,
    focus_3
from source
