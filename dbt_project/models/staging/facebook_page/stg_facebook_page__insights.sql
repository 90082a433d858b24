with source as (
    select * from {{ source('facebook_page', 'page_insights') }}
)

select
    page_id,
    date_day,
    metric,
    period,
    value
from source
