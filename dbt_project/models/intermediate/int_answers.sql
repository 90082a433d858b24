-- Answers to surveys and on tickets, over all tools: on satisfaction (csat) and on recommending (nps).
with csat as (
    {%- for vendor in vendors_of('csat_answers') %}
    select
        '{{ vendor }}' as source,
        survey,
        answer_id,
        respondent_key,
        answered_at,
        score,
        is_satisfied
    from {{ staged(vendor, 'csat_answers') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

nps as (
    {%- for vendor in vendors_of('nps_answers') %}
    select
        '{{ vendor }}' as source,
        survey,
        answer_id,
        respondent_key,
        answered_at,
        score
    from {{ staged(vendor, 'nps_answers') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

answers as (
    select
        source,
        'csat' as kind,
        survey,
        answer_id,
        respondent_key,
        answered_at,
        score,
        case when is_satisfied then 1 else 0 end as verdict
    from csat
    -- a neutral answer is none
    where is_satisfied is not null
    union all
    select
        source,
        'nps' as kind,
        survey,
        answer_id,
        respondent_key,
        answered_at,
        score,
        case when score >= 9 then 1 when score <= 6 then -1 else 0 end as verdict
    from nps
)

select
    answers.source,
    answers.kind,
    answers.source || ':' || answers.survey as survey_key,
    answers.source || ':' || answers.survey || ':' || answers.answer_id as answer_key,
    answers.respondent_key,
    answers.answered_at,
    {{ business_day('answers.answered_at', 'business.time_zone') }} as date_day,
    answers.score,
    answers.verdict
from answers
cross join {{ ref('int_business') }} as business
{{ in_window('answers.source', business_day('answers.answered_at', 'business.time_zone')) }}
