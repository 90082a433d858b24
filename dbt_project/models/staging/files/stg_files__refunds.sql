-- Exports overlap: a refund that stands in several files counts once, as the last file by name has it.
with source as (
    select
        *,
        row_number() over (
            partition by feed, refund_id order by {{ natural('file_id') }} desc, file_id desc, row_number desc
        ) as latest_first
    from {{ source('files', 'refunds') }}
    where filtered_by = ''
),

products as (
    select
        account_id,
        order_id,
        product_id,
        min(order_line_id) as order_line_id
    from {{ ref('stg_files__order_lines') }}
    where product_id is not null
    group by account_id, order_id, product_id
)

select
    source.orders_feed as account_id,
    source.feed || ':' || source.refund_id as refund_id,
    source.order_id,
    products.order_line_id,
    source.refunded_at,
    cast(coalesce(source.quantity, 0) as {{ money() }}) as quantity,
    -- exports write what was given back with either sign
    cast(
        abs(source.amount)
        - case when coalesce(source.tax_included, false) then abs(coalesce(source.tax_amount, 0)) else 0 end
        as {{ money() }}
    ) as net_amount,
    net_amount as net_amount_charged,
    source.currency,
    source.currency as currency_charged
from source
left join products
    on
        source.orders_feed = products.account_id
        and source.order_id = products.order_id
        and source.product_id = products.product_id
where source.latest_first = 1
