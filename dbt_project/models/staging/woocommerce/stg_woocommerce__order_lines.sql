-- One row per product, shipping and fee of an order. A line's total is after discounts and without tax. Where prices
-- include tax but no line of the order shows any, taxes were switched off: the total holds a tax that nobody knows.
-- A negative fee is a discount: each product bears its share of it, up to what the products cost.
with orders as (
    select * from {{ ref('stg_woocommerce__orders') }}
),

products as (
    select * from {{ ref('stg_woocommerce__products') }}
),

charged as (
    select
        account_id,
        order_id,
        currency,
        prices_include_tax,
        'product' as charged_for,
        unnest(cast(line_items as json[])) as line
    from orders
    union all
    select
        account_id,
        order_id,
        currency,
        prices_include_tax,
        'shipping' as charged_for,
        unnest(cast(shipping_lines as json[])) as line
    from orders
    union all
    select
        account_id,
        order_id,
        currency,
        prices_include_tax,
        'fee' as charged_for,
        unnest(cast(fee_lines as json[])) as line
    from orders
),

lines as (
    select
        *,
        nullif({{ json_text('line', 'product_id') }}, '0') as product_id,
        cast(coalesce({{ json_text('line', 'quantity') }}, '1') as {{ money() }}) as quantity,
        coalesce(
            max({{ json_text('line', 'taxes') }}) over (partition by account_id, order_id), '[]'
        ) != '[]' as is_taxed,
        -- the vendor's schema and its answers name the field differently; a product without a cost shows zero
        nullif(
            cast(
                coalesce(
                    {{ json_text('line', 'cost_of_goods_sold.value') }},
                    {{ json_text('line', 'cost_of_goods_sold.total_value') }}
                ) as {{ money() }}
            ),
            0
        ) as line_cost,
        cast({{ json_text('line', 'total') }} as {{ money() }}) as line_total
    from charged
),

discounted as (
    select
        *,
        charged_for = 'fee' and line_total < 0 as is_discount,
        sum(case when charged_for = 'product' then line_total else 0 end) over (
            partition by account_id, order_id
        ) as products_total,
        sum(case when charged_for = 'fee' and line_total < 0 then -line_total else 0 end) over (
            partition by account_id, order_id
        ) as discount
    from lines
)

select
    lines.account_id,
    lines.order_id,
    {{ json_text('lines.line', 'id') }} as order_line_id,
    -- the shop's own number of a product, by which other tools know it as well, before WooCommerce's
    coalesce(nullif({{ json_text('lines.line', 'sku') }}, ''), lines.product_id) as product_id,
    {{ json_text('lines.line', 'name') }} as product_name,
    case
        when lines.charged_for = 'product' and products.is_gift_card then 'gift_card'
        when lines.charged_for = 'fee' then {{ json_text('lines.line', 'kind') }}
        else lines.charged_for
    end as line_kind,
    lines.quantity,
    cast(
        case
            when lines.is_discount then 0
            when lines.charged_for = 'product' and lines.products_total > 0
                then
                    lines.line_total
                    - cast(lines.line_total as double) * cast(least(lines.discount, lines.products_total) as double)
                    / cast(lines.products_total as double)
            else lines.line_total
        end as {{ money() }}
    ) as net_amount,
    net_amount as net_amount_charged,
    not lines.prices_include_tax or lines.is_taxed or lines.charged_for != 'product'
    or coalesce(products.is_gift_card, false) as is_tax_known,
    cast(lines.line_cost / nullif(lines.quantity, 0) as {{ money() }}) as unit_cost,
    lines.currency as cost_currency
from discounted as lines
left join products
    on
        lines.account_id = products.account_id
        and lines.product_id = products.product_id
