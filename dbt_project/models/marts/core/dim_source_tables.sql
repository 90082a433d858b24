-- One row per raw table of a connected source: from which day and through which day it is loaded, over all accounts.
select
    source,
    table_name,
    newest_day,
    rows_held,
    reread_days,
    scopes,
    scopes_loaded,
    loaded_from,
    loaded_through,
    loaded_at
from {{ ref('int_source_tables') }}
