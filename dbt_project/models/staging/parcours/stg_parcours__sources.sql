with source as (
    select * from {{ source('parcours', 'sources') }}
)

select
    source,
    title,
    is_connected,
    api_version,
    api_ends_on,
    advice as credential_renewal,
    counts_from,
    counts_until,
    has_ended
from source
