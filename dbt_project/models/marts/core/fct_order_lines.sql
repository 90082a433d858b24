-- One row per line of a purchase.
select
    lines.order_line_key,
    lines.order_key,
    orders.date_day,
    lines.product_id,
    lines.product_name,
    lines.line_kind,
    lines.quantity,
    lines.currency_charged,
    lines.net_amount_charged,
    case when lines.is_tax_known then lines.net_amount_reporting end as net_amount,
    lines.cost_reporting as cost,
    orders.currency
from {{ ref('int_order_lines') }} as lines
inner join {{ ref('fct_orders') }} as orders on lines.order_key = orders.order_key
