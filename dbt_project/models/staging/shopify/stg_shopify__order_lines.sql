-- What an order charges for: its lines, shipping, fees, and a tip that is not among the lines.
with source as (
    select
        *,
        shop as account_id,
        replace(id, 'gid://shopify/Order/', '') as order_id,
        cast(total_tip_received_set__presentment_money__amount as {{ money() }}) as tip_amount
    from {{ source('shopify', 'orders') }}
),

line_items as (
    select * from {{ ref('stg_shopify__line_items') }}
),

fee_items as (
    select
        account_id,
        order_id,
        taxes_included,
        'fee' as line_kind,
        unnest(cast(cast(additional_fees as json) as json[])) as item
    from source
),

charges as (
    select
        account_id,
        order_id,
        taxes_included,
        'shipping' as line_kind,
        'ShippingLine/' || order_id as order_line_id,
        cast({{ json_text('shipping_line', 'discountedPriceSet.presentmentMoney.amount') }} as {{ money() }})
            as amount,
        cast(shipping_line as json) as item
    from source
    where shipping_line is not null
    union all
    select
        account_id,
        order_id,
        taxes_included,
        line_kind,
        replace({{ json_text('item', 'id') }}, 'gid://shopify/', '') as order_line_id,
        cast({{ json_text('item', 'price.presentmentMoney.amount') }} as {{ money() }}) as amount,
        item
    from fee_items
    union all
    select
        account_id,
        order_id,
        taxes_included,
        'tip' as line_kind,
        'Tip/' || order_id as order_line_id,
        tip_amount as amount,
        cast('{"tax_lines": []}' as json) as item
    from source
    where
        tip_amount > 0
        and not exists (
            select 1
            from line_items
            where
                line_items.account_id = source.account_id
                and line_items.order_id = source.order_id
                and line_items.line_kind = 'tip'
        )
),

taxed_charges as (
    select
        *,
        {{ json_text('item', 'taxLines') }} is not null as has_tax_lines,
        coalesce(list_sum(cast(
            {{ json_text('item', 'taxLines[*].priceSet.presentmentMoney.amount') }} as decimal(18, 6)[]
        )), 0) as tax_amount
    from charges
)

select
    account_id,
    order_id,
    order_line_id,
    product_id,
    product_name,
    line_kind,
    quantity,
    cast(charged_amount - included_tax_amount as {{ money() }}) as net_amount,
    is_tax_known,
    unit_cost,
    cost_currency
from line_items
union all
select
    account_id,
    order_id,
    order_line_id,
    cast(null as varchar) as product_id,
    cast(null as varchar) as product_name,
    line_kind,
    cast(1 as {{ money() }}) as quantity,
    cast(amount - case when taxes_included then tax_amount else 0 end as {{ money() }}) as net_amount,
    not taxes_included or has_tax_lines as is_tax_known,
    cast(null as {{ money() }}) as unit_cost,
    cast(null as varchar) as cost_currency
from taxed_charges
