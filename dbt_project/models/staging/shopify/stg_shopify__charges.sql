-- What an order charges for beside its lines: shipping, fees, and a tip that is not among the lines.
with source as (
    select
        shop as account_id,
        replace(id, 'gid://shopify/Order/', '') as order_id,
        taxes_included,
        cast(total_tip_received_set__presentment_money__amount as {{ money() }}) as tip_charged,
        coalesce(
            cast(total_tip_received_set__shop_money__amount as {{ money() }}),
            cast(total_tip_received_set__presentment_money__amount as {{ money() }})
        ) as tip_amount,
        cast(shipping_line as json) as shipping_line,
        cast(additional_fees as json) as additional_fees
    from {{ source('shopify', 'orders') }}
),

fee_items as (
    select
        account_id,
        order_id,
        taxes_included,
        unnest(cast(additional_fees as json[])) as item
    from source
),

tips as (
    select distinct
        account_id,
        order_id
    from {{ ref('stg_shopify__line_items') }}
    where line_kind = 'tip'
),

charges as (
    select
        account_id,
        order_id,
        taxes_included,
        'shipping' as line_kind,
        'ShippingLine/' || order_id as order_line_id,
        {{ shopify_money('shipping_line', 'discountedPriceSet') }} as amount,
        {{ shopify_money('shipping_line', 'discountedPriceSet', is_charged=true) }} as charged,
        shipping_line as item
    from source
    where shipping_line is not null
    union all
    select
        account_id,
        order_id,
        taxes_included,
        'fee' as line_kind,
        replace({{ json_text('item', 'id') }}, 'gid://shopify/', '') as order_line_id,
        {{ shopify_money('item', 'price') }} as amount,
        {{ shopify_money('item', 'price', is_charged=true) }} as charged,
        item
    from fee_items
    union all
    select
        source.account_id,
        source.order_id,
        source.taxes_included,
        'tip' as line_kind,
        'Tip/' || source.order_id as order_line_id,
        source.tip_amount as amount,
        source.tip_charged as charged,
        cast('{"taxLines": []}' as json) as item
    from source
    left join tips on source.account_id = tips.account_id and source.order_id = tips.order_id
    where source.tip_charged > 0 and tips.order_id is null
),

taxed_charges as (
    select
        *,
        {{ json_text('item', 'taxLines') }} is not null as has_tax_lines,
        {{ shopify_sum('item', 'taxLines[*].priceSet') }} as tax_amount,
        {{ shopify_sum('item', 'taxLines[*].priceSet', is_charged=true) }} as tax_charged
    from charges
)

select
    account_id,
    order_id,
    order_line_id,
    line_kind,
    cast(amount - case when taxes_included then tax_amount else 0 end as {{ money() }}) as net_amount,
    cast(charged - case when taxes_included then tax_charged else 0 end as {{ money() }}) as net_amount_charged,
    cast(charged + case when taxes_included then 0 else tax_charged end as {{ money() }}) as gross_charged,
    not taxes_included or has_tax_lines as is_tax_known
from taxed_charges
