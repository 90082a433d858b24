-- One row per e-mail sent to a list, over all tools, by the day of sending.
with broadcasts as (
    {%- for vendor in vendors_of('broadcasts') %}
    select
        '{{ vendor }}' as source,
        broadcast_id,
        list_id,
        sent_at,
        emails_sent,
        emails_delivered,
        emails_opened,
        emails_opened_with_proxies,
        emails_clicked,
        has_proxies_in_opens
    from {{ staged(vendor, 'broadcasts') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    broadcasts.source,
    broadcasts.source || ':' || broadcasts.broadcast_id as broadcast_key,
    broadcasts.list_id,
    broadcasts.sent_at,
    {{ business_day('broadcasts.sent_at', 'business.time_zone') }} as sent_on,
    broadcasts.emails_sent,
    broadcasts.emails_delivered,
    broadcasts.emails_opened,
    broadcasts.emails_opened_with_proxies,
    broadcasts.emails_clicked,
    broadcasts.has_proxies_in_opens
from broadcasts
cross join {{ ref('int_business') }} as business
{{ in_window('broadcasts.source', business_day('broadcasts.sent_at', 'business.time_zone')) }}
