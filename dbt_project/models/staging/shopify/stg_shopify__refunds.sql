-- Money given back of orders that had been paid in full, a row per refunded line; one of no line for money beyond them.
-- Of lines worth more than the money (a fee for restocking was kept), the money counts; an even exchange gives none.
with headers as (
    select
        shop as account_id,
        replace(id, 'gid://shopify/Order/', '') as order_id,
        unnest(cast(cast(refunds as json) as json[])) as refund
    from {{ source('shopify', 'orders') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

payments as (
    select * from {{ ref('stg_shopify__payments') }}
),

order_lines as (
    select * from {{ ref('stg_shopify__order_lines') }}
),

items as (
    select * from {{ ref('stg_shopify__refunded_items') }}
),

refunds as (
    select
        headers.account_id,
        headers.order_id,
        replace({{ json_text('headers.refund', 'id') }}, 'gid://shopify/Refund/', '') as refund_id,
        {{ to_utc(json_text('headers.refund', 'createdAt')) }} as refunded_at,
        {{ shopify_money('headers.refund', 'totalRefundedSet') }} as amount,
        {{ shopify_money('headers.refund', 'totalRefundedSet', is_charged=true) }} as amount_charged,
        orders.currency,
        orders.currency_charged,
        -- of what was paid after the first full payment, for what was added since, nothing counted
        payments.paid_ever - payments.paid_first as paid_later
    from headers
    inner join orders on headers.account_id = orders.account_id and headers.order_id = orders.order_id
    inner join payments on headers.account_id = payments.account_id and headers.order_id = payments.order_id
    where
        {{ to_utc(json_text('headers.refund', 'createdAt')) }} >= orders.paid_at
        and {{ shopify_money('headers.refund', 'totalRefundedSet', is_charged=true) }} > 0
),

worth as (
    select
        account_id,
        refund_id,
        sum(gross_amount) as gross_amount,
        sum(gross_charged) as gross_charged
    from items
    group by account_id, refund_id
),

net_shares as (
    select
        account_id,
        order_id,
        sum(net_amount_charged) / nullif(sum(gross_charged), 0) as net_share
    from {{ ref('stg_shopify__line_items') }}
    group by account_id, order_id
),

exchanges as (
    select distinct
        lines.account_id,
        lines.order_id
    from {{ ref('stg_shopify__line_items') }} as lines
    left join order_lines
        on lines.account_id = order_lines.account_id and lines.order_line_id = order_lines.order_line_id
    where order_lines.order_line_id is null
),

shares as (
    select
        refunds.*,
        coalesce(worth.gross_charged, 0) as worth,
        least(1, cast(refunds.amount_charged as double) / nullif(worth.gross_charged, 0)) as share,
        -- the same in the shop's money, whose cents are others
        case
            when refunds.amount_charged < worth.gross_charged
                then cast(refunds.amount as double) / nullif(worth.gross_amount, 0)
            else 1
        end as own_share,
        exchanges.order_id is not null as is_exchange,
        coalesce(net_shares.net_share, 1) as net_share
    from refunds
    left join worth on refunds.account_id = worth.account_id and refunds.refund_id = worth.refund_id
    left join exchanges on refunds.account_id = exchanges.account_id and refunds.order_id = exchanges.order_id
    left join net_shares on refunds.account_id = net_shares.account_id and refunds.order_id = net_shares.order_id
)

select
    shares.account_id,
    shares.refund_id || '-' || items.position as refund_id,
    shares.order_id,
    order_lines.order_line_id,
    shares.refunded_at,
    -- of what is exchanged, only so many units come back for nothing as are paid back
    case
        when order_lines.order_line_id is null then cast(0 as {{ money() }})
        when shares.is_exchange then cast(items.quantity * shares.share as {{ money() }})
        else items.quantity
    end as quantity,
    cast(items.net_amount * shares.own_share as {{ money() }}) as net_amount,
    cast(items.net_amount_charged * shares.share as {{ money() }}) as net_amount_charged,
    shares.currency,
    shares.currency_charged
from shares
inner join items on shares.account_id = items.account_id and shares.refund_id = items.refund_id
left join order_lines
    on items.account_id = order_lines.account_id and items.order_line_id = order_lines.order_line_id
where order_lines.order_line_id is not null or items.gross_charged * shares.share > shares.paid_later
union all
select
    account_id,
    refund_id,
    order_id,
    cast(null as varchar) as order_line_id,
    refunded_at,
    cast(0 as {{ money() }}) as quantity,
    cast((amount_charged - worth) * net_share * amount / amount_charged as {{ money() }}) as net_amount,
    cast((amount_charged - worth) * net_share as {{ money() }}) as net_amount_charged,
    currency,
    currency_charged
from shares
where amount_charged > worth + 0.05
