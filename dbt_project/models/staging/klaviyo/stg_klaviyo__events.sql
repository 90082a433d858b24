-- One row per event of an e-mail: received, bounced, opened or clicked.
-- The vendor does not document all names of the flags; null is an event that has none of those known.
with source as (
    select * from {{ source('klaviyo', 'events') }}
),

flagged as (
    select
        *,
        lower(concat_ws(
            ' ',
            {{ json_text('attributes__event_properties', '"machine_open"') }},
            {{ json_text('attributes__event_properties', '"$machine_open"') }},
            {{ json_text('attributes__event_properties', '"Machine Open"') }},
            {{ json_text('attributes__event_properties', '"Apple Privacy Open"') }},
            {{ json_text('attributes__event_properties', '"apple_privacy_open"') }}
        )) as machine_flags,
        lower(concat_ws(
            ' ',
            {{ json_text('attributes__event_properties', '"Bot Click"') }},
            {{ json_text('attributes__event_properties', '"bot_click"') }},
            {{ json_text('attributes__event_properties', '"$bot_click"') }}
        )) as bot_flags
    from source
)

select
    -- keys
    id as event_id,
    relationships__profile__data__id as profile_id,
    nullif({{ json_text('attributes__event_properties', '"$message"') }}, '') as message_id,
    nullif({{ json_text('attributes__event_properties', '"$flow"') }}, '') as flow_id,

    -- properties
    metric_name as event_name,
    -- a flag is true, "true", 1 or "1.0"
    regexp_matches(nullif(machine_flags, ''), 'true|1') as is_by_machine,
    regexp_matches(nullif(bot_flags, ''), 'true|1') as is_by_bot,

    -- times
    {{ to_utc('attributes__datetime') }} as occurred_at
from flagged
