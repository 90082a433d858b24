-- One row per captured stock: an audience's size, a page's followers, a list's members.
select
    measure,
    source,
    entity_id,
    captured_on as date_day,
    amount
from {{ ref('int_captures') }}
