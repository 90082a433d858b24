-- The money given back: one row per line that it names and, for what is beyond its lines, one of no line, with the
-- order's share of tax taken off. Of lines worth more than the money (a fee for restocking was kept), the money counts.
-- Null where the tax inside the amount is unknown. A refund of an order in the trash is none. That of a marketplace's
-- part is the whole order's, unless the plugin has written it on the whole as well.
with source as (
    select * from {{ source('woocommerce', 'refunds') }}
),

placed as (
    select * from {{ source('woocommerce', 'orders') }}
),

orders as (
    select * from {{ ref('stg_woocommerce__orders') }}
),

order_lines as (
    select * from {{ ref('stg_woocommerce__order_lines') }}
),

refunded as (
    select distinct
        site,
        parent_id
    from source
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
    inner join placed
        on
            source.site = placed.site
            and source.parent_id = placed.id
    left join orders as own
        on
            placed.site = own.account_id
            and cast(placed.id as varchar) = own.order_id
    inner join orders
        on
            placed.site = orders.account_id
            and coalesce(own.order_id, cast(placed.parent_id as varchar)) = orders.order_id
    left join refunded as of_whole
        on
            placed.site = of_whole.site
            and placed.parent_id = of_whole.parent_id
    left join taxed
        on
            orders.account_id = taxed.account_id
            and orders.order_id = taxed.order_id
    where
        placed.status not in ('trash', 'checkout-draft')
        and (own.order_id is not null or of_whole.parent_id is null)
),

listed as (
    select
        *,
        unnest(lines) as line
    from refunds
),

returned as (
    select
        *,
        {{ json_text('line', 'refunded_item_id') }} as order_line_id,
        -cast({{ json_text('line', 'total') }} as {{ money() }}) as line_amount,
        -cast({{ json_text('line', 'total') }} as {{ money() }})
        - cast({{ json_text('line', 'total_tax') }} as {{ money() }}) as line_gross
    from listed
),

worth as (
    select
        account_id,
        refund_id,
        -- a discount that comes back is negative: the money is what is left of the products
        sum(greatest(line_gross, 0)) as gross
    from returned
    group by account_id, refund_id
)

select
    returned.account_id,
    returned.refund_id,
    returned.order_id,
    returned.order_line_id,
    returned.refunded_at,
    -cast(coalesce({{ json_text('returned.line', 'quantity') }}, '0') as {{ money() }}) as quantity,
    case
        when coalesce(order_lines.is_tax_known, returned.is_tax_known)
            then cast(
                case
                    when worth.gross > returned.amount + 0.05
                        then
                            cast(returned.line_amount as double) * cast(returned.amount as double)
                            / cast(worth.gross as double)
                    else returned.line_amount
                end as {{ money() }}
            )
    end as net_amount,
    net_amount as net_amount_charged,
    returned.currency,
    returned.currency as currency_charged
from returned
inner join worth
    on
        returned.account_id = worth.account_id
        and returned.refund_id = worth.refund_id
left join order_lines
    on
        returned.account_id = order_lines.account_id
        and returned.order_line_id = order_lines.order_line_id
where returned.line_gross >= 0

union all

select
    refunds.account_id,
    refunds.refund_id,
    refunds.order_id,
    cast(null as varchar) as order_line_id,
    refunds.refunded_at,
    cast(0 as {{ money() }}) as quantity,
    case
        when refunds.is_tax_known
            then cast((refunds.amount - coalesce(worth.gross, 0)) * refunds.net_share as {{ money() }})
    end as net_amount,
    net_amount as net_amount_charged,
    refunds.currency,
    refunds.currency as currency_charged
from refunds
left join worth
    on
        refunds.account_id = worth.account_id
        and refunds.refund_id = worth.refund_id
where refunds.amount > coalesce(worth.gross, 0) + 0.05
