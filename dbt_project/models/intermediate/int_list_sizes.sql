-- Subscribed members of every list, as captured; over all e-mail tools.
with sizes as (
    {%- for vendor in vendors_of('list_sizes') %}
    select
        '{{ vendor }}' as source,
        list_id,
        captured_on,
        members_subscribed
    from {{ staged(vendor, 'list_sizes') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    sizes.source,
    sizes.source || ':' || sizes.list_id as list_key,
    sizes.captured_on,
    sizes.members_subscribed
from sizes
{{ in_window('sizes.source', 'sizes.captured_on') }}
