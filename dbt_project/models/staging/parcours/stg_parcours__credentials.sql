with source as (
    select * from {{ source('parcours', 'credentials') }}
)

select
    source,
    expires_on as credential_expires_on
from source
