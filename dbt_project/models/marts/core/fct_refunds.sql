-- One row per refunded line of a purchase, by the day of the refund; of no line where the order has none.
select
    refunds.refund_key,
    refunds.order_key,
    refunds.order_line_key,
    refunds.refunded_at,
    refunds.refunded_on as date_day,
    refunds.product_id,
    refunds.line_kind,
    refunds.quantity,
    refunds.currency_charged,
    refunds.net_amount_charged,
    -- what the line was worth is unknown without its tax or a rate: then so is what its refund takes away
    case
        when refunds.order_line_key is null and orders.is_tax_known and orders.is_converted
            then refunds.net_amount_reporting
        when refunds.is_tax_known and refunds.is_line_converted then refunds.net_amount_reporting
    end as net_amount,
    refunds.cost_reporting as cost,
    orders.currency
from {{ ref('int_refunds') }} as refunds
inner join {{ ref('fct_orders') }} as orders on refunds.order_key = orders.order_key
cross join {{ ref('int_business') }} as business
where
    refunds.refunded_at <= business.as_of
    and refunds.refunded_on <= business.through
