-- Order lines of every shop with their net amount and cost in the reporting currency, at the rates of the payment day.
select
    lines.order_key,
    lines.order_line_key,
    orders.paid_on,
    lines.product_id,
    lines.product_name,
    lines.line_kind,
    lines.quantity,
    lines.is_tax_known,
    orders.currency,
    orders.currency_charged,
    lines.net_amount,
    lines.net_amount_charged,
    {{ converted('lines.net_amount', 'rates') }} as net_amount_reporting,
    lines.unit_cost,
    lines.cost_currency,
    {{ converted('lines.quantity * lines.unit_cost', 'cost_rates') }} as cost_reporting
from {{ ref('int_told_order_lines') }} as lines
inner join {{ ref('int_told_orders') }} as orders on lines.order_key = orders.order_key
left join {{ ref('int_conversion_rates') }} as rates
    on
        orders.paid_on = rates.date_day
        and orders.currency = rates.currency
left join {{ ref('int_conversion_rates') }} as cost_rates
    on
        orders.paid_on = cost_rates.date_day
        and lines.cost_currency = cost_rates.currency
