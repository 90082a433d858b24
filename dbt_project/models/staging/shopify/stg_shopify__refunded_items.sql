-- What refunds name: units of lines, which an edit or an exchange may take off without money, and shipping.
with source as (
    select
        shop as account_id,
        replace(id, 'gid://shopify/Order/', '') as order_id,
        taxes_included,
        unnest(cast(cast(refunds as json) as json[])) as refund
    from {{ source('shopify', 'orders') }}
),

headers as (
    select
        account_id,
        order_id,
        taxes_included,
        replace({{ json_text('refund', 'id') }}, 'gid://shopify/Refund/', '') as refund_id,
        {{ to_utc(json_text('refund', 'createdAt')) }} as refunded_at,
        cast(coalesce(json_extract(refund, '$.refundLineItems'), '[]') as json[]) as line_items,
        cast(coalesce(json_extract(refund, '$.refundShippingLines'), '[]') as json[]) as shipping_lines
    from source
),

line_rows as (
    select
        *,
        unnest(line_items) as item,
        cast(generate_subscripts(line_items, 1) as varchar) as position
    from headers
),

shipping_rows as (
    select
        *,
        unnest(shipping_lines) as item,
        'shipping-' || cast(generate_subscripts(shipping_lines, 1) as varchar) as position
    from headers
),

items as (
    select
        account_id,
        order_id,
        taxes_included,
        refund_id,
        refunded_at,
        position,
        replace({{ json_text('item', 'lineItem.id') }}, 'gid://shopify/', '') as order_line_id,
        cast({{ json_text('item', 'quantity') }} as {{ money() }}) as quantity,
        {{ shopify_money('item', 'subtotalSet') }} as subtotal,
        {{ shopify_money('item', 'subtotalSet', is_charged=true) }} as subtotal_charged,
        {{ shopify_money('item', 'totalTaxSet') }} as tax,
        {{ shopify_money('item', 'totalTaxSet', is_charged=true) }} as tax_charged
    from line_rows
),

shares as (
    select
        items.*,
        -- what these units had been charged; it tells whether the subtotal holds the tax, which is not documented
        line_items.price_charged * items.quantity / nullif(line_items.quantity, 0) as share_charged
    from items
    left join {{ ref('stg_shopify__line_items') }} as line_items
        on items.account_id = line_items.account_id and items.order_line_id = line_items.order_line_id
),

judged as (
    select
        *,
        taxes_included
        and abs(subtotal_charged - share_charged) <= abs(subtotal_charged + tax_charged - share_charged)
            as is_tax_inside
    from shares
)

select
    account_id,
    order_id,
    refund_id,
    position,
    refunded_at,
    order_line_id,
    quantity,
    cast(case when is_tax_inside then subtotal - tax else subtotal end as {{ money() }}) as net_amount,
    cast(case when is_tax_inside then subtotal_charged - tax_charged else subtotal_charged end as {{ money() }})
        as net_amount_charged,
    cast(case when is_tax_inside then subtotal else subtotal + tax end as {{ money() }}) as gross_amount,
    cast(case when is_tax_inside then subtotal_charged else subtotal_charged + tax_charged end as {{ money() }})
        as gross_charged
from judged
union all
select
    account_id,
    order_id,
    refund_id,
    position,
    refunded_at,
    'ShippingLine/' || order_id as order_line_id,
    cast(1 as {{ money() }}) as quantity,
    {{ shopify_money('item', 'subtotalAmountSet') }} as net_amount,
    {{ shopify_money('item', 'subtotalAmountSet', is_charged=true) }} as net_amount_charged,
    {{ shopify_money('item', 'subtotalAmountSet') }}
    + case when taxes_included then 0 else {{ shopify_money('item', 'taxAmountSet') }} end as gross_amount,
    {{ shopify_money('item', 'subtotalAmountSet', is_charged=true) }}
    + case
        when taxes_included then 0 else {{ shopify_money('item', 'taxAmountSet', is_charged=true) }}
    end as gross_charged
from shipping_rows
