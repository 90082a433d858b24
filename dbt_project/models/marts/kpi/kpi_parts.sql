-- Which parts each KPI is made of; a part that nothing feeds is the one it waits for.
with declared as (
    {%- for row in kpi_part_pairs() %}
    select
        '{{ row.kpi_id }}' as kpi_id,
        '{{ row.part }}' as part
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    kpi_id,
    part
from declared
where kpi_id != 'north_star'

union all

-- the north star rests on what the chosen KPI rests on; a query may use all there is
select
    'north_star' as kpi_id,
    parts.part
from {{ ref('dim_parts') }} as parts
cross join {{ ref('dim_business') }} as business
left join declared
    on
        parts.part = declared.part
        and declared.kpi_id = case
            when business.north_star = 'weekly_active_customers' then 'purchases'
            else business.north_star
        end
where declared.kpi_id is not null or (business.north_star = '' and parts.is_connected)
