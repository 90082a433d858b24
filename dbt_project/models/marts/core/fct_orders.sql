-- One row per purchase: an order that was paid in full, by the day of its first full payment.
with business as (
    select * from {{ ref('int_business') }}
)

select
    orders.order_key,
    orders.source,
    orders.account_id,
    orders.ordered_at,
    orders.paid_at,
    orders.paid_on as date_day,
    coalesce(orders.person_key, orders.source || ':' || orders.account_id || ':' || orders.customer_id) as buyer_key,
    orders.person_key,
    orders.has_opted_in,
    orders.country,
    transactions.channel,
    transactions.campaign,
    orders.is_tax_known,
    orders.is_converted,
    orders.currency_charged,
    case when orders.is_tax_known and orders.is_converted then orders.order_value end as order_value,
    business.reporting_currency as currency,
    orders.product_units
from {{ ref('int_orders') }} as orders
cross join business
left join {{ ref('int_transactions') }} as transactions on orders.transaction_id = transactions.transaction_id
where
    orders.paid_at is not null
    and orders.paid_at <= business.as_of
    and orders.paid_on <= business.through
    and not orders.is_test
    and orders.voided_at is null
    -- what gives money back is a credit, whoever writes it as an order
    and coalesce(orders.order_value, 0) >= 0
