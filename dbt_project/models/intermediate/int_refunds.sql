-- Refunded lines with what was given back and what the returned units had cost, at the rates of the refund's day.
select
    refunds.refund_key,
    refunds.order_key,
    refunds.order_line_key,
    refunds.refunded_at,
    refunds.refunded_on,
    lines.product_id,
    lines.line_kind,
    lines.is_tax_known,
    lines.net_amount_reporting is not null as is_line_converted,
    refunds.quantity,
    refunds.currency,
    refunds.currency_charged,
    refunds.net_amount,
    refunds.net_amount_charged,
    {{ converted('refunds.net_amount', 'rates') }} as net_amount_reporting,
    {{ converted('refunds.quantity * lines.unit_cost', 'cost_rates') }} as cost_reporting
from {{ ref('int_told_refunds') }} as refunds
left join {{ ref('int_order_lines') }} as lines on refunds.order_line_key = lines.order_line_key
left join {{ ref('int_conversion_rates') }} as rates
    on
        refunds.refunded_on = rates.date_day
        and refunds.currency = rates.currency
left join {{ ref('int_conversion_rates') }} as cost_rates
    on
        refunds.refunded_on = cost_rates.date_day
        and lines.cost_currency = cost_rates.currency
