-- By how much a report with dimensions departs from the total that the same vendor gives without any.
select
    source,
    account_id,
    table_name,
    metric,
    first_day,
    last_day,
    total,
    dimensional_sum,
    gap,
    gap_share
from {{ ref('int_dimensional_gaps') }}
