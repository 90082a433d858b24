-- One row per source that can be connected.
select
    source,
    title,
    is_connected,
    api_version,
    api_ends_on,
    credential_expires_on,
    credential_renewal,
    first_loaded_at,
    deep_loaded_at,
    new_fields
from {{ ref('int_sources') }}
