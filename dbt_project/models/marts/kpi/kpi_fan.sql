with answered as (
    select
        *,
        promoters - detractors as promoters_minus_detractors,
        {{ safe_divide('promoters', 'nps_answers') }} as promoter_share,
        {{ safe_divide('detractors', 'nps_answers') }} as detractor_share
    from {{ ref('fct_answers_by_period') }}
),

scored as (
    select
        grain,
        period_start,
        promoters_minus_detractors,
        nps_answers,
        100 * {{ safe_divide('promoters_minus_detractors', 'nps_answers') }} as nps,
        -- the 95 % interval of a difference of two shares of the same answers; two answers at least
        case
            when nps_answers >= 2 then 196 * sqrt(
                (promoter_share + detractor_share - power(promoter_share - detractor_share, 2)) / nps_answers
            )
        end as nps_margin
    from answered
)

select
    periods.grain,
    periods.period_start,
    periods.last_day,
    coalesce(whole.is_complete, false) as is_complete,
    coalesce(whole.is_provisional, false) as is_provisional,
    parts.brand_mentions,
    scored.promoters_minus_detractors,
    scored.nps_answers,
    scored.nps,
    scored.nps - scored.nps_margin as nps_low,
    scored.nps + scored.nps_margin as nps_high,
    parts.customer_reviews,
    parts.review_ratings,
    parts.rated_reviews,
    {{ safe_divide('parts.review_ratings', 'parts.rated_reviews') }} as mean_review_rating
from {{ ref('dim_periods') }} as periods
left join {{ ref('kpi_whole_periods') }} as whole
    on
        whole.stage = 'fan'
        and periods.grain = whole.grain
        and periods.period_start = whole.period_start
left join scored
    on
        periods.grain = scored.grain
        and periods.period_start = scored.period_start
left join {{ ref('fct_parts_by_period') }} as parts
    on
        periods.grain = parts.grain
        and periods.period_start = parts.period_start
