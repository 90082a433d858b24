-- The lines of orders as they came to be, with what was added, removed or given back since; a tip is among them.
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
        {{ shopify_money('item', 'originalTotalSet', is_charged=true) }} as original_amount,
        {{ shopify_money('item', 'originalTotalSet') }}
        - {{ shopify_sum('item', 'discountAllocations[*].allocatedAmountSet') }} as amount,
        {{ shopify_money('item', 'originalTotalSet', is_charged=true) }}
        - {{ shopify_sum('item', 'discountAllocations[*].allocatedAmountSet', is_charged=true) }} as charged,
        {{ json_text('item', 'taxLines') }} is not null as has_tax_lines,
        {{ shopify_sum('item', 'taxLines[*].priceSet') }} as tax_amount,
        {{ shopify_sum('item', 'taxLines[*].priceSet', is_charged=true) }} as tax_charged,
        cast({{ json_text('item', 'variant.inventoryItem.unitCost.amount') }} as {{ money() }}) as unit_cost,
        {{ json_text('item', 'variant.inventoryItem.unitCost.currencyCode') }} as cost_currency
    from source
)

select
    shop as account_id,
    replace(order_id, 'gid://shopify/Order/', '') as order_id,
    replace(id, 'gid://shopify/', '') as order_line_id,
    -- ids are given in the order in which lines come
    row_number() over (partition by shop, order_id order by length(id), id) as position,
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
    amount - case when taxes_included then tax_amount else 0 end as net_amount,
    charged - case when taxes_included then tax_charged else 0 end as net_amount_charged,
    charged + case when taxes_included then 0 else tax_charged end as gross_charged,
    charged as price_charged,
    not taxes_included or has_tax_lines as is_tax_known,
    unit_cost,
    cost_currency
from lines
