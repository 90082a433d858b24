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
    new_fields,
    counts_from,
    counts_until,
    has_ended
from {{ ref('int_sources') }}
