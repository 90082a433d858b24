-- One row per dated opt-in that a contact has ever shown. The day a contact was created stands in, approximately, for
-- one that has never shown any: a date that comes later takes its place.
with source as (
    select * from {{ source('brevo', 'opt_ins') }}
),

dated as (
    select distinct id
    from source
    where opt_in <> ''
)

select
    source.id as contact_id,
    nullif(source.email_key, '') as person_key,
    case
        when source.opt_in <> '' then {{ to_utc('source.opt_in') }}
        else {{ to_utc('source.created_at') }}
    end as opted_in_at,
    source.opt_in = '' as is_approximate
from source
left join dated on source.id = dated.id
where
    source.opt_in <> ''
    or dated.id is null
