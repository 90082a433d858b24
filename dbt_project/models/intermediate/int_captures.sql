-- Every captured stock of a day that counts: what it measures, of which audience, page or list, and how much.
with retargeting as (
    select item as audience_id
    from {{ ref('stg_parcours__setting_items') }}
    where
        source = 'facebook_ads'
        and setting = 'retargeting_audiences'
),

audiences as (
    select audiences.*
    from {{ ref('stg_facebook_ads__custom_audiences') }} as audiences
    inner join retargeting on audiences.audience_id = retargeting.audience_id
),

captures as (
    select
        'retargeting_audience_size' as measure,
        'facebook_ads' as source,
        audience_id as entity_id,
        captured_on,
        size_lower_bound as amount
    from audiences
    union all
    select
        'retargeting_audience_size_upper' as measure,
        'facebook_ads' as source,
        audience_id as entity_id,
        captured_on,
        size_upper_bound as amount
    from audiences
    union all
    select
        'audience_export_users' as measure,
        'google_analytics' as source,
        audience_id as entity_id,
        captured_on,
        users as amount
    from {{ ref('stg_google_analytics__audience_exports') }}
    union all
    select
        'facebook_fans' as measure,
        'facebook_page' as source,
        page_id as entity_id,
        captured_on,
        followers as amount
    from {{ ref('stg_facebook_page__pages') }}
    union all
    select
        'list_size' as measure,
        source,
        list_key as entity_id,
        captured_on,
        members_subscribed as amount
    from {{ ref('int_list_sizes') }}
    union all
    select
        measure,
        source,
        source as entity_id,
        captured_on,
        amount
    from {{ ref('int_affiliate_captures') }}
)

select
    captures.measure,
    captures.source,
    captures.entity_id,
    captures.captured_on,
    captures.amount
from captures
{{ in_window('captures.source', 'captures.captured_on') }}
-- a size that the vendor had not counted yet is no capture
where captures.amount is not null
