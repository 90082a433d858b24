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
    leads.source,
    leads.account_id,
    leads.date_day,
    cast(sum(leads.leads) as {{ money() }}) as leads
from leads
{{ in_window('leads.source', 'leads.date_day') }}
group by leads.source, leads.account_id, leads.date_day
