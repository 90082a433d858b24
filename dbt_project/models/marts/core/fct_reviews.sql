-- One row per public review that is there now.
select
    reviews.review_key,
    reviews.source,
    reviews.date_day,
    reviews.rating
from {{ ref('int_reviews') }} as reviews
cross join {{ ref('int_business') }} as business
where reviews.date_day <= business.through
