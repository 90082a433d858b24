-- Public reviews that are there now, over all platforms, by the day they were written.
with reviews as (
    {%- for vendor in vendors_of('reviews') %}
    select
        '{{ vendor }}' as source,
        review_id,
        reviewed_at,
        rating
    from {{ staged(vendor, 'reviews') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    reviews.source,
    reviews.source || ':' || reviews.review_id as review_key,
    {{ business_day('reviews.reviewed_at', 'business.time_zone') }} as date_day,
    reviews.rating
from reviews
cross join {{ ref('int_business') }} as business
{{ in_window('reviews.source', business_day('reviews.reviewed_at', 'business.time_zone')) }}
