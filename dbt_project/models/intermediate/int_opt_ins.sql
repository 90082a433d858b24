-- Every confirmed opt-in that a tool has ever shown, with a person and a date; over all tools.
with opt_ins as (
    {%- for vendor in vendors_of('opt_ins') %}
    select
        '{{ vendor }}' as source,
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
    person_key,
    opted_in_at,
    is_approximate
from opt_ins
where
    person_key is not null
    and opted_in_at is not null
