-- Each instant at which a profile opted in, its subscribe events and its consents, which may have had no event; for
-- each address that it has had. A consent overwrites the one before: it is approximate if an earlier instant is known.
with addresses as (
    select distinct
        profile_id,
        person_key
    from {{ ref('stg_klaviyo__profiles') }}
),

instants as (
    select
        profile_id,
        occurred_at as opted_in_at,
        false as is_by_consent
    from {{ ref('stg_klaviyo__opt_in_events') }}
    union all
    select
        profile_id,
        consented_at as opted_in_at,
        true as is_by_consent
    from {{ ref('stg_klaviyo__profiles') }}
    where
        consent = 'SUBSCRIBED'
        -- an import may have brought no date
        and consented_at is not null
),

dated as (
    select
        profile_id,
        opted_in_at,
        is_by_consent and opted_in_at > min(opted_in_at) over (partition by profile_id) as is_approximate
    from instants
)

select
    dated.profile_id as contact_id,
    addresses.person_key,
    dated.opted_in_at,
    bool_and(dated.is_approximate) as is_approximate
from dated
left join addresses on dated.profile_id = addresses.profile_id
group by dated.profile_id, addresses.person_key, dated.opted_in_at
