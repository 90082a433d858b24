-- One row per objective and version.
select distinct
    objective_id,
    version,
    valid_from,
    valid_until,
    is_current,
    first_valid_from,
    stage,
    sentence,
    serves,
    owner,
    contributors,
    review_cadence
from {{ ref('int_objectives') }}
