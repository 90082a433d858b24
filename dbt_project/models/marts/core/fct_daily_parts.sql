-- The additive parts of all KPIs, one row per day, part and segment; every period is a sum of its days.
-- What no segment of a kind holds of a part's total is that kind's segment `unattributed`.
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
    ('new_prospects', 'fct_lead_totals', 'leads', 'true'),
    ('prospects_in_cohort', 'fct_prospects', '1', 'not has_purchased_before and not is_first_purchase_unknown'),
    ('prospects_converted', 'fct_prospects', '1', 'has_converted and not is_first_purchase_unknown'),
    ('purchases', 'fct_orders', '1', 'true'),
    ('products_sold', 'fct_orders', 'product_units', 'true'),
    ('order_value', 'fct_orders', 'order_value', 'true'),
    ('valued_purchases', 'fct_orders', '1', 'order_value is not null'),
    ('purchases_without_tax', 'fct_orders', '1', 'not is_tax_known'),
    ('purchases_unconverted', 'fct_orders', '1', 'not is_converted'),
    ('first_purchases_timed', 'fct_first_purchases', '1', 'seconds_to_purchase is not null'),
    ('first_purchase_seconds', 'fct_first_purchases', 'seconds_to_purchase', 'true'),
    ('first_purchases_unknown', 'fct_first_purchases', '1', 'is_unknown'),
    ('first_purchases_before_opt_in', 'fct_first_purchases', '1', 'is_before_opt_in'),
    ('items_viewed', 'fct_items', 'items_viewed', 'true'),
    ('items_purchased', 'fct_items', 'items_purchased', 'true'),
    ('base_customers', 'fct_upsells', '1', 'true'),
    ('upsell_customers', 'fct_upsells', '1', 'has_bought_upsell'),
    ('net_product_revenue', 'fct_margins', 'net_revenue', 'cost is not null'),
    ('gross_margin', 'fct_margins', 'net_revenue - cost', 'cost is not null'),
    ('product_revenue', 'fct_margins', 'net_revenue', "movement = 'sale'"),
    ('product_revenue_costed', 'fct_margins', 'net_revenue', "movement = 'sale' and cost is not null"),
    ('support_tickets', 'fct_tickets', '1', 'true'),
    ('customer_reviews', 'fct_reviews', '1', 'true'),
    ('rated_reviews', 'fct_reviews', '1', 'rating is not null'),
    ('review_ratings', 'fct_reviews', 'rating', 'true'),
] %}
-- Each segment: kind, the column that holds it, and for which parts; of another fact where the part's own has no such.
{% set segments = [
    ('country', 'country', 'purchases'),
    ('country', 'country', 'products_sold'),
    ('country', 'country', 'order_value'),
    ('country', 'country', 'valued_purchases'),
    ('channel', 'channel', 'purchases'),
    ('channel', 'channel', 'products_sold'),
    ('channel', 'channel', 'order_value'),
    ('channel', 'channel', 'valued_purchases'),
    ('campaign', 'campaign', 'purchases'),
    ('campaign', 'campaign', 'products_sold'),
    ('campaign', 'campaign', 'order_value'),
    ('campaign', 'campaign', 'valued_purchases'),
    ('product', 'product_id', 'net_product_revenue'),
    ('product', 'product_id', 'gross_margin'),
    ('product', 'pair', 'base_customers'),
    ('product', 'pair', 'upsell_customers'),
    ('email_tool', 'source', 'new_prospects'),
    ('email_tool', 'source', 'emails_delivered'),
    ('email_tool', 'source', 'emails_opened'),
    ('email_tool', 'source', 'emails_clicked'),
    ('email_tool', 'source', 'followup_emails_delivered'),
    ('email_tool', 'source', 'followup_emails_opened'),
    ('channel', 'channel', 'brand_mentions'),
    ('channel', 'channel', 'support_tickets'),
    ('channel', 'source', 'customer_reviews'),
] %}
{% set other_segments = [
    ('product', 'product_id', 'products_sold', 'fct_order_lines', 'quantity', "line_kind = 'product'"),
    ('product', 'product_id', 'items_viewed', 'fct_item_products', 'items_viewed', 'true'),
    ('product', 'product_id', 'items_purchased', 'fct_item_products', 'items_purchased', 'true'),
] %}
{% for kind, column, part in segments %}
{% for name, fact, amount, condition in parts if name == part %}
{% do other_segments.append((kind, column, part, fact, amount, condition)) %}
{% endfor %}
{% endfor %}

with rows_of_parts as (
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
),

rows_of_segments as (
    {%- for kind, column, part, fact, amount, condition in other_segments %}
    select
        date_day,
        '{{ part }}' as part,
        '{{ kind }}' as segment_kind,
        {{ column }} as segment,
        cast({{ amount }} as {{ money() }}) as amount
    from {{ ref(fact) }}
    where {{ condition }} and {{ column }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

totals as (
    select
        date_day,
        part,
        cast(sum(amount) as {{ money() }}) as amount
    from rows_of_parts
    group by date_day, part
),

segment_totals as (
    select
        date_day,
        part,
        segment_kind,
        segment,
        cast(sum(amount) as {{ money() }}) as amount
    from rows_of_segments
    group by date_day, part, segment_kind, segment
),

segmented as (
    select distinct
        part,
        segment_kind
    from segment_totals
),

attributed as (
    select
        date_day,
        part,
        segment_kind,
        sum(amount) as amount
    from segment_totals
    group by date_day, part, segment_kind
),

rests as (
    select
        totals.date_day,
        totals.part,
        segmented.segment_kind,
        cast(totals.amount - coalesce(attributed.amount, 0) as {{ money() }}) as amount
    from totals
    inner join segmented on totals.part = segmented.part
    left join attributed
        on
            totals.date_day = attributed.date_day
            and totals.part = attributed.part
            and segmented.segment_kind = attributed.segment_kind
)

select
    date_day,
    part,
    'total' as segment_kind,
    'total' as segment,
    amount
from totals

union all

select
    date_day,
    part,
    segment_kind,
    segment,
    amount
from segment_totals

union all

select
    date_day,
    part,
    segment_kind,
    'unattributed' as segment,
    amount
from rests
where amount != 0
