-- New leads per day of tools that name nobody, by source.
with leads as (
    {%- for vendor in vendors_of('lead_totals') %}
    select
        '{{ vendor }}' as source,
        account_id,
        date_day,
        leads
    from {{ staged(vendor, 'lead_totals') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    source,
    account_id,
    date_day,
    cast(sum(leads) as {{ money() }}) as leads
from leads
group by source, account_id, date_day
