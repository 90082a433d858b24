-- Exports overlap: a ticket that stands in several files counts once, as the last file by name has it.
with source as (
    select
        *,
        row_number() over (
            partition by feed, ticket_id order by {{ natural('file_id') }} desc, file_id desc, row_number desc
        ) as latest_first
    from {{ source('files', 'tickets') }}
    where filtered_by = ''
)

select
    feed || ':' || ticket_id as ticket_id,
    created_at,
    feed as channel,
    coalesce(lower(status), '') not in ('spam', 'deleted', 'merged') as is_counted
from source
where latest_first = 1
