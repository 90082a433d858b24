-- Requests for support that count, over all tools, by the day they were created.
with tickets as (
    {%- for vendor in vendors_of('tickets') %}
    select
        '{{ vendor }}' as source,
        ticket_id,
        created_at,
        channel,
        is_counted
    from {{ staged(vendor, 'tickets') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    tickets.source,
    tickets.source || ':' || tickets.ticket_id as ticket_key,
    tickets.channel,
    tickets.created_at,
    {{ business_day('tickets.created_at', 'business.time_zone') }} as date_day
from tickets
cross join {{ ref('int_business') }} as business
{{ in_window('tickets.source', business_day('tickets.created_at', 'business.time_zone')) }}
where tickets.is_counted
