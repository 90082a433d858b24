-- How many audiences, pages or lists a stock consists of now: without one of them its sum would be too small.
with lists as (
    select
        list_key,
        captured_on,
        max(captured_on) over (partition by source) as last_captured_on
    from {{ ref('int_list_sizes') }}
),

declared as (
    select
        'retargeting_audience_size' as measure,
        'facebook_ads' as source,
        'retargeting_audiences' as setting
    union all
    select
        'retargeting_audience_size_upper' as measure,
        'facebook_ads' as source,
        'retargeting_audiences' as setting
    union all
    select
        'audience_export_users' as measure,
        'google_analytics' as source,
        'audiences' as setting
    union all
    select
        'facebook_fans' as measure,
        'facebook_page' as source,
        'pages' as setting
)

select
    declared.measure,
    count(items.item) as entities
from declared
left join {{ ref('stg_parcours__setting_items') }} as items
    on
        declared.source = items.source
        and declared.setting = items.setting
group by declared.measure

union all

select
    'list_size' as measure,
    count(distinct list_key) as entities
from lists
-- a list that is no longer there is no longer missed
where captured_on = last_captured_on

union all

select
    measure,
    count(distinct source) as entities
from {{ ref('int_affiliate_captures') }}
group by measure
