-- Delivered messages of automations one by one, over the tools that show them.
with messages as (
    {%- for vendor in vendors_of('automation_messages') %}
    select
        '{{ vendor }}' as source,
        automation_id,
        email_id,
        message_id,
        sent_at,
        is_opened
    from {{ staged(vendor, 'automation_messages') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    messages.source,
    messages.automation_id,
    messages.email_id,
    messages.message_id,
    {{ business_day('messages.sent_at', 'business.time_zone') }} as sent_on,
    messages.is_opened
from messages
cross join {{ ref('int_business') }} as business
