-- The lines of orders as ordered, with units that were removed or given back since; a tip is among them.
-- Its discounts hold the line's part of the order's own; the vendor's discounted totals leave that out.
with source as (
    select
        shop,
        id as order_id,
        taxes_included,
        cast(total_tip_received_set__presentment_money__amount as {{ money() }}) as tip_amount,
        unnest(cast(cast(line_items as json) as json[])) as item
    from {{ source('shopify', 'orders') }}
),

lines as (
    select
        shop,
        order_id,
        taxes_included,
        tip_amount,
        {{ json_text('item', 'id') }} as id,
        {{ json_text('item', 'title') }} as title,
        nullif({{ json_text('item', 'sku') }}, '') as sku,
        {{ json_text('item', 'product.id') }} as product_id,
        {{ json_text('item', 'variant.id') }} as variant_id,
        cast({{ json_text('item', 'isGiftCard') }} as boolean) as is_gift_card,
        cast({{ json_text('item', 'quantity') }} as {{ money() }}) as quantity,
        cast({{ json_text('item', 'originalTotalSet.presentmentMoney.amount') }} as {{ money() }})
            as original_amount,
        coalesce(list_sum(cast(
            {{ json_text('item', 'discountAllocations[*].allocatedAmountSet.presentmentMoney.amount') }}
            as decimal(18, 6)[]
        )), 0) as discount_amount,
        {{ json_text('item', 'taxLines') }} is not null as has_tax_lines,
        coalesce(list_sum(cast(
            {{ json_text('item', 'taxLines[*].priceSet.presentmentMoney.amount') }} as decimal(18, 6)[]
        )), 0) as tax_amount,
        cast({{ json_text('item', 'variant.inventoryItem.unitCost.amount') }} as {{ money() }}) as unit_cost,
        {{ json_text('item', 'variant.inventoryItem.unitCost.currencyCode') }} as cost_currency
    from source
)

select
    shop as account_id,
    replace(order_id, 'gid://shopify/Order/', '') as order_id,
    replace(id, 'gid://shopify/', '') as order_line_id,
    -- the article number is what shops, files and analytics have in common
    coalesce(sku, replace(product_id, 'gid://shopify/Product/', '')) as product_id,
    title as product_name,
    case
        when is_gift_card then 'gift_card'
        -- a tip is a line of no product; how it is named depends on the shop's language
        when
            tip_amount > 0 and coalesce(sku, product_id, variant_id) is null
            and (original_amount = tip_amount or title = 'Tip')
            then 'tip'
        else 'product'
    end as line_kind,
    quantity,
    original_amount - discount_amount as charged_amount,
    case when taxes_included then tax_amount else 0 end as included_tax_amount,
    not taxes_included or has_tax_lines as is_tax_known,
    taxes_included as is_tax_included,
    unit_cost,
    cost_currency
from lines
