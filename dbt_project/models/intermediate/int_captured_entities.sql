-- How many audiences, pages or lists of each source a stock consists of: without one of them its sum is too small.
with lists as (
    select
        source,
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
    declared.source,
    count(items.item) as entities
from declared
left join {{ ref('stg_parcours__setting_items') }} as items
    on
        declared.source = items.source
        and declared.setting = items.setting
group by declared.measure, declared.source

union all

select
    'list_size' as measure,
    source,
    count(distinct list_key) as entities
from lists
-- a list that is no longer there is no longer missed
where captured_on = last_captured_on
group by source

union all

select distinct
    measure,
    source,
    1 as entities
from {{ ref('int_affiliate_captures') }}
