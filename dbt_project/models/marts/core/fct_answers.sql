-- One row per answer to a survey or on a ticket.
select
    answers.answer_key,
    answers.source,
    answers.kind,
    answers.survey_key,
    answers.respondent_key,
    answers.answered_at,
    answers.date_day,
    answers.score,
    answers.verdict
from {{ ref('int_answers') }} as answers
cross join {{ ref('int_business') }} as business
where answers.date_day <= business.through
