-- Exports overlap: a review that stands in several files counts once, as the last file by name has it.
with source as (
    select
        *,
        row_number() over (
            partition by feed, review_id order by {{ natural('file_id') }} desc, file_id desc, row_number desc
        ) as latest_first
    from {{ source('files', 'reviews') }}
    where filtered_by = ''
)

select
    feed || ':' || review_id as review_id,
    reviewed_at,
    cast(rating as {{ money() }}) as rating
from source
where latest_first = 1
