-- One row per dated opt-in that a contact has ever shown, and address that it has had. The day a contact was created
-- stands in, approximately, for one that has never shown any: a date that comes later takes its place.
with source as (
    select * from {{ source('brevo', 'opt_ins') }}
),

addresses as (
    select distinct
        id,
        email_key
    from source
),

dated as (
    select distinct id
    from source
    where opt_in <> ''
),

opt_ins as (
    select distinct
        source.id,
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
)

select
    cast(opt_ins.id as varchar) as contact_id,
    nullif(addresses.email_key, '') as person_key,
    opt_ins.opted_in_at,
    opt_ins.is_approximate
from opt_ins
inner join addresses on opt_ins.id = addresses.id
