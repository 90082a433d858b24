-- Every confirmed opt-in that a tool has ever shown, with a person and a date; over all tools.
with opt_ins as (
    select
        'mailchimp' as source,
        person_key,
        opted_in_at
    from {{ ref('stg_mailchimp__opt_ins') }}
    union all
    select
        'files' as source,
        person_key,
        opted_in_at
    from {{ ref('stg_files__leads') }}
)

select
    source,
    person_key,
    opted_in_at
from opt_ins
where
    person_key is not null
    and opted_in_at is not null
