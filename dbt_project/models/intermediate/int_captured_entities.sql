-- How many audiences, pages or lists a stock consists of now: without one of them its sum would be too small.
select
    'retargeting_audience_size' as measure,
    count(*) as entities
from {{ ref('stg_parcours__setting_items') }}
where source = 'facebook_ads' and setting = 'retargeting_audiences'
union all
select
    'retargeting_audience_size_upper' as measure,
    count(*) as entities
from {{ ref('stg_parcours__setting_items') }}
where source = 'facebook_ads' and setting = 'retargeting_audiences'
union all
select
    'audience_export_users' as measure,
    count(*) as entities
from {{ ref('stg_parcours__setting_items') }}
where source = 'google_analytics' and setting = 'audiences'
union all
select
    'facebook_fans' as measure,
    count(*) as entities
from {{ ref('stg_parcours__setting_items') }}
where source = 'facebook_page' and setting = 'pages'
union all
select
    'list_size' as measure,
    count(distinct list_id) as entities
from {{ ref('stg_mailchimp__lists') }}
