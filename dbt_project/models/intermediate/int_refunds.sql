-- Money given back on the lines of its order, with what the returned units had cost, at the rates of the refund's day:
-- on the line that it names, else on each line by what is left of it, and then no unit came back.
with lines as (
    select * from {{ ref('int_order_lines') }}
),

refunds as (
    select
        told.*,
        lines.order_line_key is not null as names_a_line
    from {{ ref('int_told_refunds') }} as told
    left join lines on told.order_line_key = lines.order_line_key
),

without_line as (
    select
        refund_key,
        order_key,
        refunded_at,
        refunded_on,
        currency,
        currency_charged,
        sum(net_amount) as net_amount,
        sum(net_amount_charged) as net_amount_charged
    from refunds
    where not names_a_line
    group by refund_key, order_key, refunded_at, refunded_on, currency, currency_charged
),

left_of_lines as (
    select
        without_line.refund_key,
        lines.order_line_key,
        max(lines.net_amount) as worth,
        greatest(max(lines.net_amount) - coalesce(sum(earlier.net_amount), 0), 0) as amount_left
    from without_line
    inner join lines on without_line.order_key = lines.order_key
    left join refunds as earlier
        on
            lines.order_line_key = earlier.order_line_key
            and without_line.refunded_at >= earlier.refunded_at
    where lines.net_amount > 0
    group by without_line.refund_key, lines.order_line_key
),

weights as (
    select
        refund_key,
        order_line_key,
        case
            when sum(amount_left) over (partition by refund_key) > 0
                then cast(amount_left as double) / cast(sum(amount_left) over (partition by refund_key) as double)
            -- more was given back than was left
            else cast(worth as double) / cast(sum(worth) over (partition by refund_key) as double)
        end as weight
    from left_of_lines
),

on_lines as (
    select
        refund_key,
        order_key,
        order_line_key,
        refunded_at,
        refunded_on,
        quantity,
        currency,
        currency_charged,
        net_amount,
        net_amount_charged
    from refunds
    where names_a_line
    union all
    select
        without_line.refund_key,
        without_line.order_key,
        weights.order_line_key,
        without_line.refunded_at,
        without_line.refunded_on,
        cast(0 as {{ money() }}) as quantity,
        without_line.currency,
        without_line.currency_charged,
        cast(cast(without_line.net_amount as double) * coalesce(weights.weight, 1) as {{ money() }}) as net_amount,
        cast(
            cast(without_line.net_amount_charged as double) * coalesce(weights.weight, 1) as {{ money() }}
        ) as net_amount_charged
    from without_line
    left join weights on without_line.refund_key = weights.refund_key
),

merged as (
    select
        refund_key,
        order_key,
        order_line_key,
        refunded_at,
        refunded_on,
        currency,
        currency_charged,
        cast(sum(quantity) as {{ money() }}) as quantity,
        cast(sum(net_amount) as {{ money() }}) as net_amount,
        cast(sum(net_amount_charged) as {{ money() }}) as net_amount_charged
    from on_lines
    group by refund_key, order_key, order_line_key, refunded_at, refunded_on, currency, currency_charged
)

select
    merged.refund_key,
    merged.order_key,
    merged.order_line_key,
    merged.refunded_at,
    merged.refunded_on,
    lines.product_id,
    lines.line_kind,
    lines.is_tax_known,
    lines.net_amount_reporting is not null as is_line_converted,
    merged.quantity,
    merged.currency,
    merged.currency_charged,
    merged.net_amount,
    merged.net_amount_charged,
    {{ converted('merged.net_amount', 'rates') }} as net_amount_reporting,
    {{ converted('merged.quantity * lines.unit_cost', 'cost_rates') }} as cost_reporting
from merged
left join lines on merged.order_line_key = lines.order_line_key
left join {{ ref('int_conversion_rates') }} as rates
    on
        merged.refunded_on = rates.date_day
        and merged.currency = rates.currency
left join {{ ref('int_conversion_rates') }} as cost_rates
    on
        merged.refunded_on = cost_rates.date_day
        and lines.cost_currency = cost_rates.currency
