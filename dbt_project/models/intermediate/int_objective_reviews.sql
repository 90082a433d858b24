-- Every review of an objective, with its business day.
select
    reviews.objective_id,
    reviews.reviewed_at,
    {{ business_day('reviews.reviewed_at', 'business.time_zone') }} as reviewed_on,
    reviews.note
from {{ ref('stg_parcours__objective_reviews') }} as reviews
cross join {{ ref('int_business') }} as business
