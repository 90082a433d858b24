-- One row per raw table, account, day and load that found the day changed.
select
    source,
    table_name,
    account_id,
    date_day,
    changed_at,
    rows_before,
    rows_after
from {{ ref('int_slice_changes') }}
