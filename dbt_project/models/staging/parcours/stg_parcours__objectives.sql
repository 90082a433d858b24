-- One row per objective, day from which it says something else, and KPI; one without KPI where it ended on that day.
with source as (
    select
        objective_id,
        valid_from,
        said = '' as has_ended,
        cast(coalesce(nullif(said, ''), '{"kpis": [null]}') as json) as said
    from {{ source('parcours', 'objective_versions') }}
),

targets as (
    select
        objective_id,
        valid_from,
        has_ended,
        said,
        unnest(cast(json_extract(said, '$.kpis') as json[])) as target,
        generate_subscripts(cast(json_extract(said, '$.kpis') as json[]), 1) as position
    from source
)

select
    -- keys
    objective_id,
    valid_from,
    cast(position as integer) as position,
    {{ json_text('target', 'kpi') }} as kpi_id,

    -- what is wanted
    {{ json_text('said', 'stage') }} as stage,
    {{ json_text('said', 'sentence') }} as sentence,
    {{ json_text('said', 'serves') }} as serves,
    {{ json_text('target', 'grain') }} as grain,
    cast({{ json_text('target', 'start_value') }} as double) as start_value,
    cast({{ json_text('target', 'start_day') }} as date) as start_day,
    cast({{ json_text('target', 'target_value') }} as double) as target_value,
    cast({{ json_text('target', 'target_day') }} as date) as target_day,
    cast({{ json_text('target', 'per_period') }} as double) as per_period,
    coalesce({{ json_text('target', 'cumulated') }}, '') as cumulated_over,

    -- who looks after it
    {{ json_text('said', 'owner') }} as owner,
    array_to_string(cast(json_extract(said, '$.contributors') as varchar[]), ', ') as contributors,
    {{ json_text('said', 'review') }} as review_cadence,
    has_ended
from targets
