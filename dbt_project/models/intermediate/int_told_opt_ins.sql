-- Every confirmed opt-in that a tool has ever shown, under each address that its contact has had; over all tools.
with opt_ins as (
    {%- for vendor in vendors_of('opt_ins') %}
    select
        '{{ vendor }}' as source,
        contact_id,
        person_key,
        opted_in_at,
        is_approximate
    from {{ staged(vendor, 'opt_ins') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    source,
    source || ':' || contact_id as contact_key,
    person_key as address_key,
    opted_in_at,
    is_approximate
from opt_ins
where
    person_key is not null
    and opted_in_at is not null
