-- One row per order of every shop with what it is worth: by its lines or, where there are none, as the source gives it.
with by_lines as (
    select
        order_key,
        min(case when is_tax_known then 1 else 0 end) = 1 as is_tax_known,
        -- one product line without a rate leaves the whole order unconverted
        max(case when line_kind = 'product' and net_amount_reporting is null then 1 else 0 end) = 0 as is_converted,
        cast(sum(case when line_kind = 'product' then net_amount_reporting else 0 end) as {{ money() }}) as order_value,
        cast(sum(case when line_kind = 'product' then quantity else 0 end) as {{ money() }}) as product_units
    from {{ ref('int_order_lines') }}
    group by order_key
)

select
    orders.source,
    orders.account_id,
    orders.order_key,
    orders.transaction_id,
    orders.ordered_at,
    orders.paid_at,
    orders.paid_on,
    orders.voided_at,
    orders.customer_id,
    coalesce(persons.person_key, orders.person_key) as person_key,
    orders.has_opted_in,
    orders.is_test,
    orders.country,
    orders.currency,
    orders.currency_charged,
    case
        when orders.has_lines then coalesce(by_lines.is_tax_known, true)
        else orders.is_tax_known and orders.given_amount is not null
    end as is_tax_known,
    case
        when orders.has_lines then coalesce(by_lines.is_converted, true)
        else orders.given_amount is null or rates.currency is not null
    end as is_converted,
    case
        when orders.has_lines and by_lines.order_key is null then 0
        when orders.has_lines then by_lines.order_value
        else {{ converted('orders.given_amount', 'rates') }}
    end as order_value,
    cast(
        case when orders.has_lines then coalesce(by_lines.product_units, 0) else orders.given_units end as {{ money() }}
    ) as product_units
from {{ ref('int_told_orders') }} as orders
left join by_lines on orders.order_key = by_lines.order_key
left join {{ ref('int_persons') }} as persons on orders.person_key = persons.address_key
left join {{ ref('int_conversion_rates') }} as rates
    on
        orders.paid_on = rates.date_day
        and orders.currency = rates.currency
