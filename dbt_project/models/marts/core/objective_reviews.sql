-- One row per review of an objective.
select
    objective_id,
    reviewed_at,
    reviewed_on,
    note
from {{ ref('int_objective_reviews') }}
