-- The additive parts of all KPIs, one row per day, part and segment; every period is a sum of its days.
-- Each part: its name, the fact it comes from, what one row of that fact adds, and which rows count.
{% set parts = [
    ('social_interactions', 'fct_post_interactions', 'interactions', 'true'),
    ('comments', 'fct_comments', '1', 'not is_own'),
    ('brand_mentions', 'fct_mentions', '1', 'true'),
    ('emails_delivered', 'fct_broadcasts', 'emails_delivered', 'true'),
    ('emails_opened', 'fct_broadcasts', 'emails_opened', 'true'),
    ('emails_opened_with_proxies', 'fct_broadcasts', 'emails_opened_with_proxies', 'true'),
    ('emails_clicked', 'fct_broadcasts', 'emails_clicked', 'true'),
    ('followup_emails_delivered', 'fct_followup_emails', 'emails_delivered', 'true'),
    ('followup_emails_opened', 'fct_followup_emails', 'emails_opened', 'true'),
    ('ads_impressions', 'fct_ad_days', 'impressions', 'true'),
    ('ads_link_clicks', 'fct_ad_days', 'link_clicks', 'true'),
    ('spend', 'fct_ad_spend', 'amount', 'true'),
    ('spend_rows_unconverted', 'fct_ad_spend', '1', 'amount is null'),
    ('new_prospects', 'fct_prospects', '1', 'true'),
    ('prospects_in_cohort', 'fct_prospects', '1', 'not has_purchased_before'),
    ('prospects_converted', 'fct_prospects', '1', 'has_converted'),
    ('purchases', 'fct_orders', '1', 'true'),
    ('products_sold', 'fct_orders', 'product_units', 'true'),
    ('order_value', 'fct_orders', 'order_value', 'true'),
    ('valued_purchases', 'fct_orders', '1', 'order_value is not null'),
    ('purchases_without_tax', 'fct_orders', '1', 'not is_tax_known'),
    ('purchases_unconverted', 'fct_orders', '1', 'not is_converted'),
    ('first_purchases_timed', 'fct_first_purchases', '1', 'seconds_to_purchase is not null'),
    ('first_purchase_seconds', 'fct_first_purchases', 'seconds_to_purchase', 'true'),
    ('first_purchases_before_opt_in', 'fct_first_purchases', '1', 'is_before_opt_in'),
    ('items_viewed', 'fct_items', 'items_viewed', 'true'),
    ('items_purchased', 'fct_items', 'items_purchased', 'true'),
] %}

with parts as (
    {%- for part, fact, amount, condition in parts %}
    select
        date_day,
        '{{ part }}' as part,
        cast({{ amount }} as {{ money() }}) as amount
    from {{ ref(fact) }}
    where {{ condition }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    date_day,
    part,
    'total' as segment_kind,
    'total' as segment,
    cast(sum(amount) as {{ money() }}) as amount
from parts
group by date_day, part
