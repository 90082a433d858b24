-- How each KPI of an objective in force stands, by its latest complete period.
with ranked as (
    select
        *,
        row_number() over (
            partition by objective_id, kpi_id
            order by case when value is null then 1 else 0 end, period_start desc
        ) as place
    from {{ ref('kpi_targets') }}
),

latest as (
    select * from ranked
    where place = 1
),

connected as (
    select
        kpi_id,
        max(case when is_connected then 1 else 0 end) = 1 as is_connected
    from {{ ref('kpi_values') }}
    group by kpi_id
),

reviews as (
    select
        objective_id,
        max(reviewed_on) as last_reviewed_on
    from {{ ref('objective_reviews') }}
    group by objective_id
),

set_out as (
    select
        kpis.objective_id,
        kpis.kpi_id,
        kpis.position,
        kpis.grain,
        kpis.cumulated_over,
        kpis.per_period,
        objectives.stage,
        objectives.owner,
        reviews.last_reviewed_on,
        cast(
            case objectives.review_cadence
                when 'weekly' then {{ dbt.dateadd('day', 7, 'coalesce(last_reviewed_on, first_valid_from)') }}
                when 'monthly' then {{ dbt.dateadd('month', 1, 'coalesce(last_reviewed_on, first_valid_from)') }}
                else {{ dbt.dateadd('month', 3, 'coalesce(last_reviewed_on, first_valid_from)') }}
            end as date
        ) as review_due_on,
        coalesce(connected.is_connected, false) as is_connected,
        latest.period_start,
        latest.period_end,
        latest.is_provisional,
        case when kpis.cumulated_over = '' then latest.value else latest.value_cumulated end as value,
        case when kpis.cumulated_over = '' then latest.target else latest.target_cumulated end as expected,
        case when kpis.cumulated_over = '' then kpis.start_value else 0 end as start_value,
        case when kpis.cumulated_over = '' then kpis.start_day else latest.cumulated_from end as start_day,
        kpis.target_value,
        case kpis.cumulated_over
            when 'quarter' then {{ dbt.last_day('latest.cumulated_from', 'quarter') }}
            when 'year' then {{ dbt.last_day('latest.cumulated_from', 'year') }}
            else kpis.target_day
        end as target_day,
        catalog.good
    from {{ ref('objective_kpis') }} as kpis
    inner join {{ ref('objectives') }} as objectives
        on
            kpis.objective_id = objectives.objective_id
            and kpis.version = objectives.version
    inner join {{ ref('kpi_catalog') }} as catalog on kpis.kpi_id = catalog.kpi_id
    left join connected on kpis.kpi_id = connected.kpi_id
    left join latest
        on
            kpis.objective_id = latest.objective_id
            and kpis.kpi_id = latest.kpi_id
    left join reviews on kpis.objective_id = reviews.objective_id
    where kpis.is_current
),

measured as (
    select
        *,
        -- the share of the way that is lacking: of the whole way from start to target, or of what should be together
        -- by now; rounded, so that a value that is just there is not short by the last bit of a fraction
        round(
            case
                when cumulated_over = '' then (expected - value) / (target_value - start_value)
                when good = 'up' then (expected - value) / expected
                else (value - expected) / expected
            end, 9
        ) as shortfall_share
    from set_out
)

select
    measured.objective_id,
    measured.stage,
    measured.kpi_id,
    measured.position,
    measured.grain,
    measured.start_value,
    measured.start_day,
    case
        when measured.cumulated_over = '' then measured.target_value
        else
            measured.per_period * case measured.grain
                when 'day' then {{ dbt.datediff('measured.start_day', 'measured.target_day', 'day') }}
                when 'month' then {{ dbt.datediff('measured.start_day', 'measured.target_day', 'month') }}
                else {{ dbt.datediff('measured.start_day', 'measured.target_day', 'quarter') }}
            end + measured.per_period
    end as target_value,
    measured.target_day,
    measured.cumulated_over,
    measured.per_period,
    case when measured.value is not null then measured.period_start end as latest_period_start,
    case when measured.value is not null then measured.period_end end as latest_last_day,
    measured.value as latest_value,
    case when measured.value is not null then measured.expected end as expected_value,
    coalesce(measured.value is not null and measured.is_provisional, false) as is_provisional,
    measured.shortfall_share,
    case
        when not measured.is_connected then 'not connected'
        when measured.value is null then 'no data'
        when measured.shortfall_share <= 0 then 'on track'
        when measured.shortfall_share <= 0.1 then 'at risk'
        else 'off track'
    end as status,
    measured.last_reviewed_on,
    measured.review_due_on,
    measured.review_due_on < business.as_of_day as is_review_overdue,
    measured.owner
from measured
cross join {{ ref('dim_business') }} as business
