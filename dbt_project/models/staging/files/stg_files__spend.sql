-- Exports overlap: of a day and campaign that stand in several files of a feed, the last file by name counts.
with source as (
    select
        *,
        rank() over (
            partition by feed, date_day, channel, campaign, currency
            order by {{ natural('file_id') }} desc, file_id desc
        ) as latest_first
    from {{ source('files', 'spend') }}
    where filtered_by = ''
)

select
    file_id,
    row_number as file_row,
    feed,
    date_day,
    channel,
    campaign,
    currency,
    amount
from source
where latest_first = 1
