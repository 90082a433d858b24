-- How many affiliates and partners each tool or file has on a day: as captured, or as the file dates them.
with captured as (
    {%- for vendor in vendors_of('affiliates') %}
    select
        '{{ vendor }}' as source,
        programme_id,
        affiliate_id,
        captured_on,
        is_enabled,
        joined_at
    from {{ staged(vendor, 'affiliates') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

affiliate_periods as (
    {%- for vendor in vendors_of('affiliate_periods') %}
    select
        '{{ vendor }}' as source,
        affiliate_id,
        joined_at,
        left_at
    from {{ staged(vendor, 'affiliate_periods') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

partner_periods as (
    {%- for vendor in vendors_of('partner_periods') %}
    select
        '{{ vendor }}' as source,
        affiliate_id,
        joined_at,
        left_at
    from {{ staged(vendor, 'partner_periods') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

partner_programmes as (
    select
        source,
        item as programme_id
    from {{ ref('stg_parcours__setting_items') }}
    where setting = 'partner_programmes'
),

counted as (
    select
        captured.source,
        captured.captured_on,
        case when partner_programmes.programme_id is null then 'affiliates' else 'partners' end as measure,
        -- somebody in two programmes of a kind is one
        count(distinct case when captured.is_enabled then captured.affiliate_id end) as amount
    from captured
    left join partner_programmes
        on
            captured.source = partner_programmes.source
            and captured.programme_id = partner_programmes.programme_id
    group by captured.source, captured.captured_on, measure
),

-- a tool that was asked and had nobody has none, which is an answer
asked as (
    select distinct
        feeds.source,
        feeds.entity as measure,
        {{ business_day('loads.loaded_at', 'business.time_zone') }} as captured_on
    from {{ ref('stg_parcours__feeds') }} as feeds
    inner join {{ ref('stg_parcours__loads') }} as loads
        on
            feeds.source = loads.source
            and feeds.table_name = loads.table_name
    cross join {{ ref('int_business') }} as business
    where feeds.entity in ('affiliates', 'partners')
),

dated as (
    select
        source,
        'affiliates' as measure,
        affiliate_id,
        joined_at,
        left_at
    from affiliate_periods
    union all
    select
        source,
        'partners' as measure,
        affiliate_id,
        joined_at,
        left_at
    from partner_periods
),

business as (
    select * from {{ ref('int_business') }}
),

spans as (
    select
        dated.source,
        dated.measure,
        coalesce({{ business_day('dated.joined_at', 'business.time_zone') }}, business.history_start) as first_day,
        {{ business_day('dated.left_at', 'business.time_zone') }} as left_on
    from dated
    cross join business
),

dated_sources as (
    select distinct
        source,
        measure
    from spans
)

select
    asked.source,
    asked.measure,
    asked.captured_on,
    coalesce(counted.amount, 0) as amount
from asked
left join counted
    on
        asked.source = counted.source
        and asked.measure = counted.measure
        and asked.captured_on = counted.captured_on

union all

select
    dated_sources.source,
    dated_sources.measure,
    days.date_day as captured_on,
    count(spans.source) as amount
from dated_sources
cross join {{ ref('int_days') }} as days
left join spans
    on
        dated_sources.source = spans.source
        and dated_sources.measure = spans.measure
        and days.date_day >= spans.first_day
        and (spans.left_on is null or days.date_day < spans.left_on)
group by dated_sources.source, dated_sources.measure, days.date_day
