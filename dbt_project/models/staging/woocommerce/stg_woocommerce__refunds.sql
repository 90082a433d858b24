-- One row per line given back, and one per refund that names no line, with the order's share of tax taken off.
-- Null where the tax inside the amount is unknown. A refund of an order in the trash is none.
with source as (
    select * from {{ source('woocommerce', 'refunds') }}
),

orders as (
    select * from {{ ref('stg_woocommerce__orders') }}
),

order_lines as (
    select * from {{ ref('stg_woocommerce__order_lines') }}
),

taxed as (
    select
        account_id,
        order_id,
        min(case when is_tax_known then 1 else 0 end) = 1 as is_tax_known
    from order_lines
    group by account_id, order_id
),

refunds as (
    select
        orders.account_id,
        cast(source.id as varchar) as refund_id,
        orders.order_id,
        {{ to_utc("source.date_created_gmt || 'Z'") }} as refunded_at,
        orders.currency,
        cast(source.amount as {{ money() }}) as amount,
        (orders.total_amount - orders.total_tax) / nullif(orders.total_amount, 0) as net_share,
        coalesce(taxed.is_tax_known, true) as is_tax_known,
        list_concat(
            cast(source.line_items as json[]),
            list_concat(cast(source.shipping_lines as json[]), cast(source.fee_lines as json[]))
        ) as lines
    from source
    inner join orders
        on
            source.site = orders.account_id
            and cast(source.parent_id as varchar) = orders.order_id
    left join taxed
        on
            orders.account_id = taxed.account_id
            and orders.order_id = taxed.order_id
),

returned as (
    select
        *,
        unnest(lines) as line
    from refunds
)

select
    returned.account_id,
    returned.refund_id,
    returned.order_id,
    {{ json_text('returned.line', 'refunded_item_id') }} as order_line_id,
    returned.refunded_at,
    -cast(coalesce({{ json_text('returned.line', 'quantity') }}, '0') as {{ money() }}) as quantity,
    case
        when coalesce(order_lines.is_tax_known, returned.is_tax_known)
            then -cast({{ json_text('returned.line', 'total') }} as {{ money() }})
    end as net_amount,
    net_amount as net_amount_charged,
    returned.currency,
    returned.currency as currency_charged
from returned
left join order_lines
    on
        returned.account_id = order_lines.account_id
        and {{ json_text('returned.line', 'refunded_item_id') }} = order_lines.order_line_id

union all

select
    account_id,
    refund_id,
    order_id,
    cast(null as varchar) as order_line_id,
    refunded_at,
    cast(0 as {{ money() }}) as quantity,
    case when is_tax_known then cast(amount * net_share as {{ money() }}) end as net_amount,
    net_amount as net_amount_charged,
    currency,
    currency as currency_charged
from refunds
where len(lines) = 0
