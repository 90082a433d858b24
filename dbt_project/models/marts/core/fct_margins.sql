-- One row per sold and per refunded product line of known value: what it brought in and what its units cost.
-- A refund takes both back on its own day, as if the units had not been sold.
select
    'sale' as movement,
    order_line_key as movement_key,
    date_day,
    product_id,
    net_amount as net_revenue,
    cost
from {{ ref('fct_order_lines') }}
where
    line_kind = 'product'
    and net_amount is not null

union all

select
    'refund' as movement,
    refund_key || ':' || order_line_key as movement_key,
    date_day,
    product_id,
    -net_amount as net_revenue,
    -cost as cost
from {{ ref('fct_refunds') }}
where
    line_kind = 'product'
    and net_amount is not null
