with source as (
    select * from {{ source('brevo', 'lists') }}
)

select
    cast(id as varchar) as list_id,
    captured_on,
    captured_at,
    name as list_name,
    unique_subscribers as members,
    total_blacklisted as members_blacklisted
from source
