-- Every refresh that reported something new, the one before it, and whether models or settings changed in between.
with instants as (
    select distinct reported_from as reported_at
    from {{ ref('kpi_history') }}
),

reports as (
    select
        reported_at,
        lag(reported_at) over (order by reported_at) as reported_before_at
    from instants
)

select
    reports.reported_at,
    reports.reported_before_at,
    coalesce(refreshes.definition != refreshes_before.definition, false) as has_new_definition,
    coalesce(refreshes.disconnected, '') as disconnected
from reports
left join {{ ref('fct_refreshes') }} as refreshes on reports.reported_at = refreshes.refreshed_at
left join {{ ref('fct_refreshes') }} as refreshes_before on reports.reported_before_at = refreshes_before.refreshed_at
