-- Public posts and articles that name the brand, by creation day; the brand's own left out.
with mentions as (
    {%- for vendor in vendors_of('mentions') %}
    select
        '{{ vendor }}' as source,
        mention_id,
        mentioned_at,
        channel
    from {{ staged(vendor, 'mentions') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    mentions.source,
    mentions.mention_id as mention_key,
    mentions.channel,
    {{ business_day('mentions.mentioned_at', 'business.time_zone') }} as date_day
from mentions
cross join {{ ref('int_business') }} as business
{{ in_window('mentions.source', business_day('mentions.mentioned_at', 'business.time_zone')) }}
