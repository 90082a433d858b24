-- One row per stage of the customer journey.
select
    stage,
    position,
    label_fr,
    label_en,
    focus_1,
    focus_2,
    focus_3
from {{ ref('int_stages') }}
