-- Lifetime counters of automated e-mails as they were captured, over the tools that give nothing finer.
with counters as (
    {%- for vendor in vendors_of('automation_counters') %}
    select
        '{{ vendor }}' as source,
        automation_id,
        email_id,
        captured_on,
        emails_delivered,
        emails_opened
    from {{ staged(vendor, 'automation_counters') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    source,
    automation_id,
    email_id,
    captured_on,
    emails_delivered,
    emails_opened
from counters
