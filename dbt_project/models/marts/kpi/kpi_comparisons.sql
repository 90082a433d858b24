-- Each value beside an earlier one: of the period before, of last year's, and while it is open of their first days.
-- Each comparison: its name, the grain, which one before, that one's grain, and which periods have it.
{% set comparisons = [] %}
{% for grain in ['day'] + longer_grains() %}
{% for before, name in (('previous', 'previous_period'), ('last_year', 'last_year')) %}
{% do comparisons.append((name, grain, before, grain, 'true')) %}
{% if grain != 'day' %}
{% do comparisons.append((before ~ '_to_date', grain, before, to_date_grain(before, grain), 'not is_ended')) %}
{% endif %}
{% endfor %}
{% endfor %}

with kpis as (
    select * from {{ ref('kpi_period_values') }}
),

earlier as (
    {%- for name, grain, before, other_grain, condition in comparisons %}
    select
        '{{ name }}' as comparison,
        grain,
        period_start,
        '{{ other_grain }}' as other_grain,
        {{ earlier_start(before, grain, 'period_start') }} as other_start
    from {{ ref('dim_periods') }}
    where grain = '{{ grain }}' and {{ condition }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

beside as (
    select
        kpis.kpi_id,
        kpis.grain,
        kpis.period_start,
        earlier.comparison,
        kpis.value,
        others.period_start as other_from,
        others.last_day as other_through,
        others.value as other_value,
        others.numerator as other_numerator,
        others.denominator as other_denominator,
        coalesce(others.caveats, '') as other_caveats,
        kpis.is_provisional or coalesce(others.is_provisional, false) as is_provisional,
        case
            when not kpis.is_connected then 'not connected'
            when kpis.last_day < kpis.period_end and earlier.grain = earlier.other_grain then 'open'
            when others.kpi_id is null then 'no earlier period'
            when kpis.missing_sources != '' then 'incomplete'
            when not others.is_complete then 'earlier incomplete'
            -- who came lately has had less time to succeed than who came before
            when kpis.has_open_window then 'window open'
            when kpis.value is null then 'no value'
            when others.value is null then 'no earlier value'
            else ''
        end as reason
    from kpis
    inner join earlier
        on
            kpis.grain = earlier.grain
            and kpis.period_start = earlier.period_start
    left join kpis as others
        on
            kpis.kpi_id = others.kpi_id
            and earlier.other_grain = others.grain
            and earlier.other_start = others.period_start
),

changes as (
    select
        *,
        case when reason = '' then value - other_value end as change
    from beside
)

select
    changes.kpi_id,
    changes.grain,
    changes.period_start,
    changes.comparison,
    changes.value,
    changes.other_from,
    changes.other_through,
    changes.other_value,
    changes.other_numerator,
    changes.other_denominator,
    changes.change,
    changes.change / nullif(abs(changes.other_value), 0) as change_share,
    case
        when catalog.good not in ('up', 'down') then null
        when changes.change = 0 then 'same'
        when (changes.change > 0) = (catalog.good = 'up') then 'better'
        when changes.change is not null then 'worse'
    end as direction,
    changes.is_provisional,
    changes.reason,
    changes.other_caveats
from changes
inner join {{ ref('kpi_catalog') }} as catalog on changes.kpi_id = catalog.kpi_id
