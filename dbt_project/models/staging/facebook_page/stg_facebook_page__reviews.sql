-- Recommendations, of which only those of before 2018 have stars.
with source as (
    select * from {{ source('facebook_page', 'ratings') }}
)

select
    -- keys
    page_id,
    rating_key as review_id,

    -- properties
    recommendation_type,
    has_review,
    case when has_rating then cast(rating as {{ money() }}) end as rating,

    -- times
    {{ to_utc('created_time') }} as reviewed_at
from source
