-- Exports overlap: of somebody who stands in several files of a feed, the last file by name counts.
with source as (
    select
        *,
        row_number() over (
            partition by feed, affiliate_id order by {{ natural('file_id') }} desc, file_id desc, row_number desc
        ) as latest_first
    from {{ source('files', 'affiliates') }}
    where filtered_by = ''
)

select
    feed || ':' || affiliate_id as affiliate_id,
    joined_at,
    left_at
from source
where
    latest_first = 1
    -- without a date of leaving, the status says who is there no more, or not yet
    and (
        left_at is not null
        or coalesce(lower(status), '') not in ('disabled', 'inactive', 'left', 'pending', 'rejected')
    )
