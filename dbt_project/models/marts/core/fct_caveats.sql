-- One row per thing that a vendor says about the quality of a table's figures.
select
    source,
    table_name,
    account_id,
    grain,
    date_day,
    caveat,
    detail
from {{ ref('int_caveats') }}
