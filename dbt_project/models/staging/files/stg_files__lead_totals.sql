-- Exports overlap: of a day and list that stand in several files of a feed, the last file by name counts.
with source as (
    select
        *,
        rank() over (
            partition by feed, date_day, list_name order by {{ natural('file_id') }} desc, file_id desc
        ) as latest_first
    from {{ source('files', 'lead_totals') }}
    where filtered_by = ''
)

select
    file_id,
    row_number as file_row,
    feed as account_id,
    date_day,
    list_name,
    cast(leads as {{ money() }}) as leads
from source
where latest_first = 1
