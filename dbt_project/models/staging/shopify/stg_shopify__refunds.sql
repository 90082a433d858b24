-- Money given back, one row per refunded line; one of no line where a refund names none.
with source as (
    select
        shop as account_id,
        replace(id, 'gid://shopify/Order/', '') as order_id,
        taxes_included,
        presentment_currency_code as currency,
        unnest(cast(cast(refunds as json) as json[])) as refund
    from {{ source('shopify', 'orders') }}
),

line_items as (
    select * from {{ ref('stg_shopify__line_items') }}
),

headers as (
    select
        *,
        replace({{ json_text('refund', 'id') }}, 'gid://shopify/Refund/', '') as refund_id,
        {{ to_utc(json_text('refund', 'createdAt')) }} as refunded_at,
        cast({{ json_text('refund', 'totalRefundedSet.presentmentMoney.amount') }} as {{ money() }}) as total_amount,
        cast(coalesce(json_extract(refund, '$.refundLineItems'), '[]') as json[]) as refund_lines,
        cast(coalesce(json_extract(refund, '$.refundShippingLines'), '[]') as json[]) as refund_shipping_lines
    from source
),

line_rows as (
    select
        headers.*,
        unnest(headers.refund_lines) as item,
        generate_subscripts(headers.refund_lines, 1) as position
    from headers
),

lines as (
    select
        *,
        replace({{ json_text('item', 'lineItem.id') }}, 'gid://shopify/', '') as order_line_id,
        cast({{ json_text('item', 'quantity') }} as {{ money() }}) as quantity,
        cast({{ json_text('item', 'subtotalSet.presentmentMoney.amount') }} as {{ money() }}) as subtotal,
        cast({{ json_text('item', 'totalTaxSet.presentmentMoney.amount') }} as {{ money() }}) as tax_amount
    from line_rows
),

shares as (
    select
        lines.*,
        -- what these units had been charged; it tells whether the subtotal holds the tax, which is not documented
        line_items.charged_amount * lines.quantity / nullif(line_items.quantity, 0) as charged_share
    from lines
    left join line_items
        on lines.account_id = line_items.account_id and lines.order_line_id = line_items.order_line_id
),

shipping_rows as (
    select
        headers.*,
        unnest(headers.refund_shipping_lines) as item,
        generate_subscripts(headers.refund_shipping_lines, 1) as position
    from headers
)

select
    account_id,
    refund_id || '-' || position as refund_id,
    order_id,
    order_line_id,
    refunded_at,
    quantity,
    cast(
        case
            when not taxes_included then subtotal
            when abs(subtotal - charged_share) <= abs(subtotal + tax_amount - charged_share) then subtotal - tax_amount
            else subtotal
        end as {{ money() }}
    ) as net_amount,
    currency
from shares
union all
select
    account_id,
    refund_id || '-shipping-' || position as refund_id,
    order_id,
    'ShippingLine/' || order_id as order_line_id,
    refunded_at,
    cast(1 as {{ money() }}) as quantity,
    cast({{ json_text('item', 'subtotalAmountSet.presentmentMoney.amount') }} as {{ money() }}) as net_amount,
    currency
from shipping_rows
union all
select
    account_id,
    refund_id,
    order_id,
    cast(null as varchar) as order_line_id,
    refunded_at,
    cast(0 as {{ money() }}) as quantity,
    total_amount as net_amount,
    currency
from headers
where len(refund_lines) = 0 and len(refund_shipping_lines) = 0 and total_amount > 0
