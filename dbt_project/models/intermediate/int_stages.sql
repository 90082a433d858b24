-- The stages of the journey as the business calls them, and the KPIs that each shows first.
select
    stage,
    position,
    label_fr,
    label_en,
    focus_1,
    focus_2,
    focus_3
from {{ ref('stg_parcours__stages') }}
