-- The additive parts of all KPIs, one row per day, part and segment; every period is a sum of its days.
with parts as (
    select
        date_day,
        'social_interactions' as part,
        cast(interactions as {{ money() }}) as amount
    from {{ ref('fct_post_interactions') }}
    union all
    select
        date_day,
        'comments' as part,
        1 as amount
    from {{ ref('fct_comments') }}
    where not is_own
    union all
    select
        date_day,
        'brand_mentions' as part,
        1 as amount
    from {{ ref('fct_mentions') }}
    {%- for part in ('emails_delivered', 'emails_opened', 'emails_opened_with_proxies', 'emails_clicked') %}
    union all
    select
        date_day,
        '{{ part }}' as part,
        {{ part }} as amount
    from {{ ref('fct_broadcasts') }}
    {%- endfor %}
    {%- for part in ('emails_delivered', 'emails_opened') %}
    union all
    select
        date_day,
        'followup_{{ part }}' as part,
        {{ part }} as amount
    from {{ ref('fct_followup_emails') }}
    {%- endfor %}
    union all
    select
        date_day,
        'ads_impressions' as part,
        impressions as amount
    from {{ ref('fct_ad_days') }}
    union all
    select
        date_day,
        'ads_link_clicks' as part,
        link_clicks as amount
    from {{ ref('fct_ad_days') }}
    union all
    select
        date_day,
        'spend' as part,
        amount
    from {{ ref('fct_ad_spend') }}
    union all
    select
        date_day,
        'spend_rows_unconverted' as part,
        1 as amount
    from {{ ref('fct_ad_spend') }}
    where amount is null
    union all
    select
        date_day,
        'new_prospects' as part,
        1 as amount
    from {{ ref('fct_prospects') }}
    union all
    select
        date_day,
        'prospects_in_cohort' as part,
        1 as amount
    from {{ ref('fct_prospects') }}
    where not has_purchased_before
    union all
    select
        date_day,
        'prospects_converted' as part,
        1 as amount
    from {{ ref('fct_prospects') }}
    where has_converted
    union all
    select
        date_day,
        'purchases' as part,
        1 as amount
    from {{ ref('fct_orders') }}
    union all
    select
        date_day,
        'products_sold' as part,
        product_units as amount
    from {{ ref('fct_orders') }}
    union all
    select
        date_day,
        'order_value' as part,
        order_value as amount
    from {{ ref('fct_orders') }}
    union all
    select
        date_day,
        'valued_purchases' as part,
        1 as amount
    from {{ ref('fct_orders') }}
    where order_value is not null
    union all
    select
        date_day,
        'purchases_without_tax' as part,
        1 as amount
    from {{ ref('fct_orders') }}
    where not is_tax_known
    union all
    select
        date_day,
        'purchases_unconverted' as part,
        1 as amount
    from {{ ref('fct_orders') }}
    where not is_converted
    union all
    select
        date_day,
        'first_purchases_timed' as part,
        1 as amount
    from {{ ref('fct_first_purchases') }}
    where seconds_to_purchase is not null
    union all
    select
        date_day,
        'first_purchase_seconds' as part,
        seconds_to_purchase as amount
    from {{ ref('fct_first_purchases') }}
    union all
    select
        date_day,
        'first_purchases_before_opt_in' as part,
        1 as amount
    from {{ ref('fct_first_purchases') }}
    where is_before_opt_in
    union all
    select
        date_day,
        'items_viewed' as part,
        items_viewed as amount
    from {{ ref('fct_items') }}
    union all
    select
        date_day,
        'items_purchased' as part,
        items_purchased as amount
    from {{ ref('fct_items') }}
)

select
    date_day,
    part,
    'total' as segment_kind,
    'total' as segment,
    cast(sum(amount) as {{ money() }}) as amount
from parts
group by date_day, part
