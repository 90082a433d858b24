-- Every version of every objective, one row per KPI that follows it. A version holds from its day on until the day of
-- the next one, or that on which the settings no longer have the objective.
with changes as (
    select distinct
        objective_id,
        valid_from,
        has_ended
    from {{ ref('stg_parcours__objectives') }}
),

spans as (
    select
        objective_id,
        valid_from,
        cast(
            sum(case when has_ended then 0 else 1 end) over (partition by objective_id order by valid_from) as integer
        ) as version,
        lead(valid_from) over (partition by objective_id order by valid_from) as valid_until,
        min(valid_from) over (partition by objective_id) as first_valid_from
    from changes
)

select
    objectives.objective_id,
    spans.version,
    spans.valid_from,
    spans.valid_until,
    spans.valid_until is null as is_current,
    spans.first_valid_from,
    objectives.stage,
    objectives.sentence,
    objectives.serves,
    objectives.owner,
    objectives.contributors,
    objectives.review_cadence,
    objectives.position,
    objectives.kpi_id,
    objectives.grain,
    objectives.start_value,
    objectives.start_day,
    objectives.target_value,
    objectives.target_day,
    objectives.per_period,
    objectives.cumulated_over
from {{ ref('stg_parcours__objectives') }} as objectives
inner join spans
    on
        objectives.objective_id = spans.objective_id
        and objectives.valid_from = spans.valid_from
where not objectives.has_ended
